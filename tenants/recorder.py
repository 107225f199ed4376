"""Records the SQL of migrations while Django applies them, so that it can be replayed in other schemas."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.migrations import Migration, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from tenants.backend.base import DatabaseWrapper


@dataclass(slots=True)
class Recorded:
    """One migration (`app.name`) and its statements. Not replayable where it has code or runs outside transactions."""

    label: str
    replayable: bool
    statements: list[str] = field(default_factory=list)


class Recorder:
    """Give `follow` to a MigrationExecutor as its progress callback."""

    def __init__(self) -> None:
        self.migrations: list[Recorded] = []

    def follow(self, action: str, migration: Any = None, fake: Any = False) -> None:
        """Note which migration the next statements belong to."""
        if action == "apply_start":
            self.migrations.append(
                Recorded(f"{migration.app_label}.{migration.name}", migration.atomic and _is_sql(migration))
            )

    @contextmanager
    def recording(self, connection: DatabaseWrapper) -> Iterator[None]:
        """Record what schema editors of this connection execute."""
        migrations, editor = self.migrations, connection.SchemaEditorClass

        class RecordingEditor(editor):  # type: ignore[misc, valid-type]
            def execute(self, sql: Any, params: Any = ()) -> None:
                text = str(sql)
                super().execute(sql, params)
                composed = text if params is None else self.connection.ops.compose_sql(text, params)
                migrations[-1].statements.append(composed)

        connection.SchemaEditorClass = RecordingEditor
        try:
            yield
        finally:
            connection.SchemaEditorClass = editor


def _is_sql(migration: Migration) -> bool:
    return all(_reduces_to_sql(migration.operations))


def _reduces_to_sql(operations: Sequence[Operation]) -> Iterator[bool]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _reduces_to_sql(operation.database_operations)
        else:
            yield operation.reduces_to_sql
