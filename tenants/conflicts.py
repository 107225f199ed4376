"""Transactions that got in each other's way: the database undid one of them, and it may simply be done again."""

from django.db import OperationalError
from django.http import HttpRequest
from psycopg import errors

_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure)


def is_conflict(error: BaseException | None) -> bool:
    """Tell whether the database undid the transaction for the sake of another one."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, _CONFLICTS)


def note_conflict(request: HttpRequest) -> None:
    """For views that answer for their errors themselves: have the middleware run the request once more."""
    request.conflict = True  # type: ignore[attr-defined]


def had_conflict(request: HttpRequest) -> bool:
    """Tell whether the last run of the request ended in a conflict."""
    return getattr(request, "conflict", False)


def forget_conflict(request: HttpRequest) -> None:
    """A run of the request begins."""
    request.conflict = False  # type: ignore[attr-defined]
