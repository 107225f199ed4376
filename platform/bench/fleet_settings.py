"""The settings of an installation that has one more migration to do."""

from config.settings import *  # noqa: F403

MIGRATION_MODULES = {"kernel": "bench.fleet_migrations"}
