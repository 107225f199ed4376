"""No migration breaks the version that still serves requests while the fleet is migrated."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tenants.migration_rules import BIG_TABLES, find_unsafe_operations

# Older than the first release: no version without it serves requests.
BEFORE_THE_FIRST_RELEASE = ("promotions.0005_version_rules",)


def judge(operation: Operation, **attributes: Any) -> list[str]:
    migration = type("Migration", (migrations.Migration,), {"operations": [operation], **attributes})
    return list(find_unsafe_operations(migration("0009_next", "stock")))


INDEX = models.Index(fields=["quantity"], name="entry_quantity")


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        (migrations.RemoveField("entry", "actor"), "contract = True"),
        (migrations.RenameField("entry", "actor", "who"), "contract = True"),
        (migrations.DeleteModel("Entry"), "contract = True"),
        (migrations.RunSQL("ALTER TABLE stock_entry DROP COLUMN actor"), "contract = True"),
        (migrations.RunSQL(["ALTER TABLE stock_entry ALTER actor SET NOT NULL"]), "contract = True"),
        (migrations.AddField("entry", "who", models.TextField(default="")), "db_default"),
        (migrations.AddIndex("entry", INDEX), "AddIndexConcurrently"),
        (migrations.RunSQL("CREATE INDEX entry_quantity ON stock_entry (quantity)"), "CONCURRENTLY"),
        (
            migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("entry", "actor")]),
            "contract = True",
        ),
    ],
)
def test_what_breaks_the_former_version_is_found(operation: Operation, fault: str) -> None:
    found = judge(operation)
    assert len(found) == 1
    assert found[0].startswith("stock.0009_next: ")
    assert fault in found[0]


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("entry", "who", models.TextField(null=True)),
        migrations.AddField("entry", "who", models.TextField(default="", db_default="")),
        AddIndexConcurrently("entry", INDEX),
        migrations.RunSQL("CREATE INDEX CONCURRENTLY entry_quantity ON stock_entry (quantity)"),
        migrations.AddIndex("location", models.Index(fields=["name"], name="location_name")),
    ],
)
def test_what_adds_is_allowed(operation: Operation) -> None:
    assert judge(operation) == []


def test_a_contracting_migration_may_take_away() -> None:
    assert judge(migrations.RemoveField("entry", "actor"), contract=True) == []


def test_big_tables_are_models() -> None:
    assert {str(model._meta.label_lower) for model in apps.get_models()} >= BIG_TABLES


def test_every_migration_keeps_the_rule() -> None:
    ours = {config.label for config in apps.get_app_configs() if "site-packages" not in config.path}
    found = [
        fault
        for (label, _), migration in sorted(MigrationLoader(None).disk_migrations.items())
        if label in ours
        for fault in find_unsafe_operations(migration)
        if not fault.startswith(BEFORE_THE_FIRST_RELEASE)
    ]
    assert found == []
