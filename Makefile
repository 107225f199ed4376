# The commands of a developer. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help env frontend up down test soak mutation lint bench clean

BIN := .venv/bin
PACKAGES := platform tenants billing storefront_api member_portal tests scripts
SOURCES := $(wildcard $(PACKAGES))
ARGS ?=

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

up: env ## start everything: database, queue, demo shop, web; Ctrl-C stops it
	@$(BIN)/laxin up

down: env ## stop the one that runs on this data
	@$(BIN)/laxin down

test: env frontend ## the whole test suite, on every core; a part of it: make test ARGS=tests/config
	@scripts/ensure-chromium
	@scripts/ensure-pgbouncer
	@$(BIN)/pytest $(ARGS)

soak: env ## a million fuzzed operations, killed databases, histories of paying; resumes: make soak ARGS='--seconds 300'
	@scripts/ensure-pgbouncer
	@PYTHONPATH=platform:. nice $(BIN)/python -m tests.soak $(ARGS)

mutation: env ## change the promotion engine and see whether a test notices; resumes: make mutation ARGS=best
	@nice $(BIN)/python scripts/mutation.py $(ARGS)

lint: env ## style, types, layers, translations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/messages.py --check

bench: env ## measure a running Laxin against its floors: make bench ARGS=join
	@$(BIN)/laxin bench $(ARGS)

clean: env ## delete all data of this checkout (.laxin)
	@$(BIN)/laxin clean

env: ## make .venv from uv.lock, where it is not up to date
	@scripts/bootstrap

frontend: env
	@$(BIN)/python -m config.frontend_build
