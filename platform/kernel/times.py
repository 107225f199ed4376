"""Which instants are taken from people: every one that any shop's zone can show and the database can hold."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from kernel.errors import InvalidInput

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)


def check_instant(value: datetime | None, *, field: Sequence[str]) -> None:
    """Raise `InvalidInput` at `field` for an instant before 2000 or after the first of 2100 (UTC). None passes."""
    if value is not None and not FIRST <= value <= LAST:
        raise InvalidInput(_("Give a date from the year 2000 to the year 2099."), field=field)


def in_range(*columns: str) -> Q:
    """The same as a condition of a constraint on nullable columns.

    Not `BETWEEN`: PostgreSQL writes several of them otherwise than it read them, and schemas would differ from copies.
    """
    bounds = {f"{column}__gte": FIRST for column in columns} | {f"{column}__lte": LAST for column in columns}
    return Q(**bounds)
