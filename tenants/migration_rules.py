"""Expand, then contract: what a migration may do while the former version still serves requests.

Shops are migrated one after the other, so old code meets new tables and new code waits for nobody. A migration that
takes something away says so by `contract = True` in its class: it is released one version after the code stopped using
it. docs/runbooks/migrations.md has the steps.
"""

import re
from collections.abc import Iterator, Sequence

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

# Grow with the shop's trade: building an index on them stops all writes for as long as it takes.
BIG_TABLES = frozenset(
    {
        "kernel.outboxevent", "stock.entry", "members.member", "coupons.coupon", "checkout.order", "checkout.orderline",
        "checkout.cart", "catalog.product", "catalog.variant",
    }
)  # fmt: skip

_TAKING_AWAY = (
    migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel,
    migrations.AlterModelTable,
)  # fmt: skip
_SQL_TAKING_AWAY = re.compile(
    r"\bDROP\s+(COLUMN|TABLE)\b|\bRENAME\s+(COLUMN|TO)\b|\bSET\s+NOT\s+NULL\b|\bALTER\s+COLUMN\s+\S+\s+TYPE\b", re.I
)
_SQL_INDEX = re.compile(r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)", re.I)


def find_unsafe_operations(migration: migrations.Migration) -> Iterator[str]:
    """Yield a sentence for each operation that breaks the version that runs meanwhile, or stops its writes."""
    if migration.initial:
        return
    contract = getattr(migration, "contract", False)
    made_here = {
        f"{migration.app_label}.{operation.name_lower}"
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }
    for operation in _flatten(migration.operations):
        model = f"{migration.app_label}.{getattr(operation, 'model_name', '')}".lower()
        if model not in made_here:
            for fault in _judge(operation, model, contract=contract):
                yield f"{migration.app_label}.{migration.name}: {operation.describe()}: {fault}"


def _judge(operation: Operation, model: str, *, contract: bool) -> Iterator[str]:
    takes_away = isinstance(operation, _TAKING_AWAY)
    if isinstance(operation, migrations.RunSQL):
        text = " ".join(_texts(operation.sql))
        takes_away = bool(_SQL_TAKING_AWAY.search(text))
        if _SQL_INDEX.search(text) and not contract:
            yield "an index on a table in use is built CONCURRENTLY, alone in a migration that is not atomic"
    if takes_away and not contract:
        yield "code that runs meanwhile may still use it: stop using it first, and mark this one `contract = True`"
    if isinstance(operation, migrations.AddField) and not operation.field.many_to_many:
        field = operation.field
        if not field.null and getattr(field, "db_default", NOT_PROVIDED) is NOT_PROVIDED:
            yield "code that runs meanwhile leaves it out: give it null=True or a db_default"
    if (
        isinstance(operation, migrations.AddIndex)
        and not isinstance(operation, AddIndexConcurrently)
        and model in BIG_TABLES
    ):
        yield "the table is big: use AddIndexConcurrently, alone in a migration with `atomic = False`"


def _flatten(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flatten(operation.database_operations)
        else:
            yield operation


def _texts(sql: object) -> Iterator[str]:
    """RunSQL takes a string or a list of strings and of (string, parameters)."""
    for each in [sql] if isinstance(sql, str) else list(sql):  # type: ignore[call-overload]
        yield each if isinstance(each, str) else each[0]
