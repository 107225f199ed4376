"""Keyset pagination: every row once, in order, in both directions; cursors are bound to their order."""

import random
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from kernel.errors import InvalidInput
from kernel.ids import new_id
from kernel.pages import Column, Keyset, Kind, Page

NAMES = Keyset("name", (Column("name", Kind.TEXT), Column("id", Kind.INTEGER)))
NAMES_FALLING = Keyset("name-falling", NAMES.columns, descending=True)


def read(rows: list[tuple[str, int]], keyset: Keyset, **arguments: object) -> Page[tuple[str, int]]:
    window = keyset.read(**arguments)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT name, id FROM unnest(%(names)s::text[], %(ids)s::bigint[]) AS rows (name, id)
            WHERE {window.where} ORDER BY {window.order_by} LIMIT {window.limit}
            """,
            {"names": [row[0] for row in rows], "ids": [row[1] for row in rows], **window.params},
        )
        return window.page(cursor.fetchall(), key=lambda row: row, item=lambda row: row)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
@pytest.mark.parametrize("keyset", [NAMES, NAMES_FALLING], ids=["rising", "falling"])
@pytest.mark.usefixtures("db")
def test_walking_forward_and_back_meets_every_row_once_in_order(keyset: Keyset, size: int) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    rows = [(chance.choice("abc 茶"), number) for number in range(40)]
    expected = sorted(rows, reverse=keyset.descending)

    forward: list[tuple[str, int]] = []
    page = read(rows, keyset, first=size)
    while True:
        forward += page.items
        assert page.has_previous is (len(forward) > size)
        if not page.has_next:
            break
        page = read(rows, keyset, first=size, after=page.end_cursor)

    backward: list[tuple[str, int]] = []
    page = read(rows, keyset, last=size)
    while True:
        backward = [*page.items, *backward]
        if not page.has_previous:
            break
        page = read(rows, keyset, last=size, before=page.start_cursor)

    assert forward == expected
    assert backward == expected


@pytest.mark.usefixtures("db")
def test_a_page_between_two_cursors_holds_what_lies_between() -> None:
    rows = [("a", number) for number in range(10)]
    all_rows = read(rows, NAMES, first=100)

    page = read(rows, NAMES, first=100, after=all_rows.cursors[2], before=all_rows.cursors[6])

    assert page.items == [("a", 3), ("a", 4), ("a", 5)]


@pytest.mark.usefixtures("db")
def test_a_size_of_zero_is_an_empty_page_that_knows_there_is_more() -> None:
    page = read([("a", 1)], NAMES, first=0)

    assert (list(page.items), page.has_next, page.start_cursor, page.end_cursor) == ([], True, None, None)


def test_without_a_size_twenty_are_read() -> None:
    assert NAMES.read().size == 20


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"first": -1}, "first"),
        ({"first": 101}, "first"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"after": ""}, "after"),
        ({"after": "no cursor!"}, "after"),
        ({"after": "茶"}, "after"),
        ({"before": "bm90IGpzb24"}, "before"),
        ({"after": "a" * 2_001}, "after"),
        ({"after": NAMES_FALLING.cursor(["a", 1])}, "after"),
        ({"after": NAMES.cursor(["a"])}, "after"),
        ({"after": NAMES.cursor(["a", 1, 2])}, "after"),
        ({"after": NAMES.cursor([1, 1])}, "after"),
        ({"after": NAMES.cursor(["a", "1"])}, "after"),
        ({"after": NAMES.cursor(["a", True])}, "after"),
        ({"after": NAMES.cursor(["a", 2**63])}, "after"),
        ({"after": NAMES.cursor(["a\x00", 1])}, "after"),
    ],
)
def test_a_wrong_size_or_cursor_is_refused_and_named(arguments: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        NAMES.read(**arguments)  # type: ignore[arg-type]

    assert refusal.value.field == (field,)


def test_a_cursor_keeps_instants_and_ids_exactly() -> None:
    keyset = Keyset("newest", (Column("created_at", Kind.INSTANT), Column("id", Kind.UUID)), descending=True)
    row = (datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC), new_id())

    window = keyset.read(after=keyset.cursor(row))

    assert window.after == row
    assert isinstance(window.after[1], UUID)


def test_an_instant_without_a_zone_is_refused() -> None:
    keyset = Keyset("newest", (Column("created_at", Kind.INSTANT),))

    with pytest.raises(InvalidInput):
        keyset.read(after=keyset.cursor(["2026-03-04T12:00:00"]))
