"""A process that dies at a statement of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


class Killed(BaseException):
    """The process is gone."""


class Killer:
    """Kills at the statement of the given number, once. Savepoints that are released are no statements of ours."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.fired = False

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not self.fired and "SAVEPOINT" not in str(sql):
            if self.left == 0:
                self.fired = True
                raise Killed
            self.left -= 1
        return execute(sql, params, many, context)


@contextmanager
def undone() -> Iterator[None]:
    """Take everything in the block back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
