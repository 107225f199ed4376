"""Schemas of an older version."""

from django.db.migrations.executor import MigrationExecutor

from tenants.schemas import owner


def undo_migrations(schema: str) -> None:
    """Take back the order numbers, and what was built on them since."""
    with owner().migrating_in(schema):
        MigrationExecutor(owner()).migrate([("checkout", "0001_initial")])
