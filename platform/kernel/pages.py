"""Keyset pagination with Relay's arguments: a page costs the same however deep it lies, and rows never repeat or slip.

A list declares its order once, as a `Keyset` of columns of which the last is unique. `Keyset.read` turns the caller's
arguments into a `Window`: SQL for WHERE, ORDER BY and LIMIT, and afterwards the `Page` from the rows that came back.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext as _

from kernel.errors import InvalidInput

DEFAULT_SIZE = 20
MAX_SIZE = 100
MAX_CURSOR_LENGTH = 2_000
BIGINT = 2**63


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some items of an ordered list; `cursors` belong to the items one to one."""

    items: Sequence[T]
    cursors: Sequence[str] = ()
    has_next: bool = False
    has_previous: bool = False

    @property
    def start_cursor(self) -> str | None:
        """Cursor of the first item, None on an empty page."""
        return self.cursors[0] if self.cursors else None

    @property
    def end_cursor(self) -> str | None:
        """Cursor of the last item, None on an empty page."""
        return self.cursors[-1] if self.cursors else None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def _parse_text(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    return value


def _parse_integer(value: object) -> int:
    if type(value) is not int or not -BIGINT <= value < BIGINT:
        raise ValueError
    return value


def _parse_instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_parse_text(value))
    if instant.tzinfo is None:
        raise ValueError
    return instant.astimezone(UTC)  # an offset of 16 hours or more is Python's, not PostgreSQL's


def _parse_uuid(value: object) -> UUID:
    return UUID(_parse_text(value))


class Kind(Enum):
    """What a column of a keyset holds. Its value reads it out of a cursor and raises ValueError for anything else."""

    TEXT = (_parse_text,)
    INTEGER = (_parse_integer,)
    INSTANT = (_parse_instant,)
    UUID = (_parse_uuid,)

    def parse(self, value: object) -> Any:
        """Return the value that SQL gets. Raises ValueError."""
        return self.value[0](value)


@dataclass(frozen=True, slots=True)
class Column:
    """An SQL expression that is never null, and what it holds."""

    sql: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Keyset:
    """A total order: `columns` all rise or (`descending`) all fall, and the last one is unique.

    `name` is in the cursors: a cursor of another order is refused.
    """

    name: str
    columns: tuple[Column, ...]
    descending: bool = False

    def read(
        self, *, first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
    ) -> "Window":
        """Check the caller's arguments; without `first` and `last` the first 20.

        Raises `InvalidInput` for a size outside 0 to 100, both sizes at once, or a cursor that is not of this order.
        """
        if first is not None and last is not None:
            raise InvalidInput(_("Give either first or last, not both."), field=["last"])
        backward = last is not None
        size = _read_size(last, "last") if backward else _read_size(first, "first")
        return Window(
            keyset=self,
            size=size,
            backward=backward,
            after=self._read_cursor(after, "after"),
            before=self._read_cursor(before, "before"),
        )

    def cursor(self, values: Sequence[Any]) -> str:
        """Return the cursor of the row with these column values."""
        document = orjson.dumps([self.name, *values])
        return base64.urlsafe_b64encode(document).rstrip(b"=").decode()

    def _read_cursor(self, cursor: str | None, argument: str) -> tuple[Any, ...] | None:
        if cursor is None:
            return None
        try:
            if len(cursor) > MAX_CURSOR_LENGTH:
                raise ValueError
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            name, *values = orjson.loads(raw)
            if name != self.name:
                raise ValueError
            return tuple(column.kind.parse(value) for column, value in zip(self.columns, values, strict=True))
        except (ValueError, TypeError, OverflowError, binascii.Error) as error:
            message = _("This cursor does not belong to this list and order. Start again without it.")
            raise InvalidInput(message, field=[argument]) from error


def _read_size(size: int | None, argument: str) -> int:
    if size is None:
        return DEFAULT_SIZE
    if not 0 <= size <= MAX_SIZE:
        raise InvalidInput(_("Ask for 0 to %(most)d items.") % {"most": MAX_SIZE}, field=[argument])
    return size


@dataclass(frozen=True, slots=True)
class Window:
    """What was asked for, in SQL. Its parameters are named `page_…`."""

    keyset: Keyset
    size: int
    backward: bool
    after: tuple[Any, ...] | None
    before: tuple[Any, ...] | None
    params: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        params = {
            f"page_{bound}_{index}": value
            for bound, values in (("after", self.after), ("before", self.before))
            for index, value in enumerate(values or ())
        }
        object.__setattr__(self, "params", params)

    @property
    def where(self) -> str:
        """The condition for WHERE, `true` where nothing bounds the page."""
        beyond, short_of = ("<", ">") if self.keyset.descending else (">", "<")
        row = ", ".join(column.sql for column in self.keyset.columns)
        conditions = [
            f"({row}) {operator} ({', '.join(f'%(page_{bound}_{index})s' for index in range(len(values)))})"
            for bound, operator, values in (("after", beyond, self.after), ("before", short_of, self.before))
            if values is not None
        ]
        return " AND ".join(conditions) or "true"

    @property
    def order_by(self) -> str:
        """The list for ORDER BY; turned round when the page is read from its end."""
        direction = "DESC" if self.keyset.descending != self.backward else "ASC"
        return ", ".join(f"{column.sql} {direction}" for column in self.keyset.columns)

    @property
    def limit(self) -> int:
        """The number for LIMIT: one more than asked for, which tells whether there is more."""
        return self.size + 1

    def page[R, T](self, rows: Sequence[R], *, key: Callable[[R], Sequence[Any]], item: Callable[[R], T]) -> Page[T]:
        """Make the page of the rows that the query returned, in its order.

        `key` gives a row's values of the keyset's columns, `item` what the caller gets for it.
        """
        more = len(rows) > self.size
        kept = list(rows[: self.size])
        if self.backward:
            kept.reverse()
        return Page(
            items=[item(row) for row in kept],
            cursors=[self.keyset.cursor(key(row)) for row in kept],
            has_next=self.before is not None if self.backward else more,
            has_previous=more if self.backward else self.after is not None,
        )
