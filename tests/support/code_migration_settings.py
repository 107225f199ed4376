"""The settings of an installation that has a migration in Python to do."""

from config.settings import *  # noqa: F403

MIGRATION_MODULES = {"kernel": "tests.support.code_migrations"}
