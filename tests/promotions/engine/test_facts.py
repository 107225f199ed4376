"""Reading facts: what is left out, the ends of what is allowed, and the two ways in which a line is read."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from promotions.engine.facts import (
    Facts,
    Line,
    Member,
    Usage,
    _checked_line,
    _plain_line,
    parse_facts,
    parse_line,
)
from promotions.engine.faults import MAX_INTEGER, Fault, InvalidInput, Path

Doc = dict[str, Any]
BARE = {"id": "l1", "sku": "TEA", "quantity": 1, "unit_price": 0}
FULL = {
    "id": "l1",
    "sku": "TEA",
    "product": "tea",
    "categories": ["drinks", "drinks/tea"],
    "brand": "Oak",
    "tags": ["new"],
    "quantity": MAX_INTEGER,
    "unit_price": MAX_INTEGER,
    "member_price": MAX_INTEGER,
    "unit_cost": MAX_INTEGER,
}
AT = Path(None, "line")


def careful(entry: object) -> tuple[Line, list[tuple[str, str]]]:
    faults: list[Fault] = []
    line = _checked_line(entry, AT, faults)
    return line, [(fault.path, fault.code) for fault in faults]


@pytest.mark.parametrize(
    "entry",
    [
        BARE,
        FULL,
        FULL | {"expires_on": None},
        BARE | {"product": None, "brand": None, "member_price": None, "unit_cost": None, "expires_on": None},
        BARE | {"categories": [], "tags": []},
        BARE | {"categories": ["x"]},
        BARE | {"tags": ["x"]},
        BARE | {"member_price": 0},
        BARE | {"unit_cost": 0},
        BARE | {"product": "p"},
        BARE | {"brand": "b"},
    ],
)
def test_what_is_plainly_in_order_is_read_the_quick_way_and_the_same_as_with_care(entry: Doc) -> None:
    line, faults = careful(entry)

    assert faults == []
    assert _plain_line(entry) == line


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": ""}, ("/line/id", "EMPTY")),
        ({"id": None}, ("/line/id", "TYPE")),
        ({"id": 5}, ("/line/id", "TYPE")),
        ({"sku": ""}, ("/line/sku", "EMPTY")),
        ({"sku": 5}, ("/line/sku", "TYPE")),
        ({"product": ""}, ("/line/product", "EMPTY")),
        ({"product": 5}, ("/line/product", "TYPE")),
        ({"categories": "drinks"}, ("/line/categories", "TYPE")),
        ({"categories": ""}, ("/line/categories", "TYPE")),
        ({"categories": None}, ("/line/categories", "TYPE")),
        ({"categories": [""]}, ("/line/categories/0", "EMPTY")),
        ({"categories": ["x", 5]}, ("/line/categories/1", "TYPE")),
        ({"brand": ""}, ("/line/brand", "EMPTY")),
        ({"brand": 5}, ("/line/brand", "TYPE")),
        ({"tags": "new"}, ("/line/tags", "TYPE")),
        ({"tags": ""}, ("/line/tags", "TYPE")),
        ({"tags": None}, ("/line/tags", "TYPE")),
        ({"tags": [""]}, ("/line/tags/0", "EMPTY")),
        ({"tags": ["x", 5]}, ("/line/tags/1", "TYPE")),
        ({"quantity": 0}, ("/line/quantity", "RANGE")),
        ({"quantity": True}, ("/line/quantity", "TYPE")),
        ({"quantity": MAX_INTEGER + 1}, ("/line/quantity", "RANGE")),
        ({"unit_price": -1}, ("/line/unit_price", "RANGE")),
        ({"unit_price": 1.5}, ("/line/unit_price", "TYPE")),
        ({"unit_price": MAX_INTEGER + 1}, ("/line/unit_price", "RANGE")),
        ({"member_price": -1}, ("/line/member_price", "RANGE")),
        ({"member_price": 1.5}, ("/line/member_price", "TYPE")),
        ({"member_price": MAX_INTEGER + 1}, ("/line/member_price", "RANGE")),
        ({"unit_cost": -1}, ("/line/unit_cost", "RANGE")),
        ({"unit_cost": "1"}, ("/line/unit_cost", "TYPE")),
        ({"unit_cost": MAX_INTEGER + 1}, ("/line/unit_cost", "RANGE")),
        ({"expires_on": "soon"}, ("/line/expires_on", "FORMAT")),
        ({"price": 5}, ("/line/price", "UNKNOWN_KEY")),
    ],
)
def test_what_is_not_in_order_is_left_to_the_careful_reading(change: Doc, fault: tuple[str, str]) -> None:
    assert _plain_line(FULL | change) is None
    assert careful(FULL | change)[1] == [fault]


def test_a_line_with_a_date_takes_the_careful_way() -> None:
    entry = FULL | {"expires_on": "2026-11-30"}

    assert _plain_line(entry) is None
    assert careful(entry) == (
        Line(
            "l1",
            "TEA",
            "tea",
            ("drinks", "drinks/tea"),
            "Oak",
            ("new",),
            MAX_INTEGER,
            MAX_INTEGER,
            MAX_INTEGER,
            MAX_INTEGER,
            date(2026, 11, 30),
        ),
        [],
    )


@pytest.mark.parametrize("key", BARE)
def test_a_line_lacks_nothing_that_it_needs(key: str) -> None:
    entry = {name: value for name, value in BARE.items() if name != key}

    assert careful(entry)[1] == [(f"/line/{key}", "MISSING")]


def test_lines_without_an_id_are_not_taken_for_the_same() -> None:
    entry = {"sku": "TEA", "quantity": 1, "unit_price": 1}

    with pytest.raises(InvalidInput) as caught:
        parse_facts({"currency": "CNY", "now": "2026-11-21T18:30:00Z", "channel": "pos", "lines": [entry, entry]})

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("/facts/lines/0/id", "MISSING"),
        ("/facts/lines/1/id", "MISSING"),
    ]


def test_a_line_by_itself_is_read_like_one_in_a_cart() -> None:
    faults: list[Fault] = []

    assert parse_line(FULL, AT, faults) == _plain_line(FULL)
    assert parse_line(BARE | {"expires_on": "2026-11-30"}, AT, faults).expires_on == date(2026, 11, 30)
    assert faults == []


def test_what_is_left_out_is_null_empty_or_nothing() -> None:
    document = {"currency": "CNY", "now": "2026-11-21T18:30:00Z", "channel": "pos", "lines": []}
    now = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)

    assert parse_facts(document) == Facts("CNY", now, "pos", None, None, None, (), frozenset(), 0, {})
    assert parse_facts(document | {"member": None, "coupons": [], "usage": {"p": {}}}) == Facts(
        "CNY", now, "pos", None, None, None, (), frozenset(), 0, {"p": Usage(0, 0, 0)}
    )


def test_a_member_may_be_nothing_but_an_id_or_whole() -> None:
    document = {"currency": "CNY", "now": "2026-11-21T18:30:00Z", "channel": "pos", "lines": []}
    bare = parse_facts(document | {"member": {"id": "m1", "tags": [], "segments": []}})
    whole = parse_facts(
        document
        | {
            "member": {
                "id": "m1",
                "tier": "gold",
                "tags": ["vip", "vip"],
                "segments": ["s"],
                "joined_on": "2026-01-05",
                "birthday": "02-29",
                "orders": 0,
                "spent": 0,
            }
        }
    )

    assert bare.member == Member("m1", None, frozenset(), frozenset(), None, None, 0, 0)
    assert whole.member == Member("m1", "gold", frozenset({"vip"}), frozenset({"s"}), date(2026, 1, 5), (2, 29), 0, 0)


def test_the_lines_come_by_id_and_usage_may_be_nothing() -> None:
    document = {
        "currency": "CNY",
        "now": "2026-11-21T18:30:00Z",
        "channel": "livestream",
        "channel_ref": "room",
        "location": "main",
        "lines": [BARE | {"id": "b"}, BARE | {"id": "a"}],
        "shipping": 0,
        "usage": {"p": {"member": 0, "total": 0, "discount": 0}, "q": {"member": 1, "total": 2, "discount": 3}},
    }

    facts = parse_facts(document)

    assert [line.id for line in facts.lines] == ["a", "b"]
    assert (facts.channel, facts.channel_ref, facts.location) == ("livestream", "room", "main")
    assert facts.usage == {"p": Usage(), "q": Usage(1, 2, 3)}
