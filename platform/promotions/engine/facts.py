"""The facts of one cart: parsing, validation, and the views of them that pricing needs."""

import re
from datetime import date, datetime
from typing import Any, NamedTuple

from promotions.engine.faults import MAX_INTEGER, Fault, InvalidInput, Path, Reader

CHANNELS = ("online", "pos", "miniprogram", "livestream")

FACTS_KEYS = frozenset(
    {"currency", "now", "channel", "channel_ref", "location", "member", "lines", "coupons", "shipping", "usage"}
)
MEMBER_KEYS = frozenset({"id", "tier", "tags", "segments", "joined_on", "birthday", "orders", "spent"})
LINE_KEYS = frozenset(
    {
        "id",
        "sku",
        "product",
        "categories",
        "brand",
        "tags",
        "quantity",
        "unit_price",
        "member_price",
        "unit_cost",
        "expires_on",
    }
)
USAGE_KEYS = frozenset({"member", "total", "discount"})

_CURRENCY = re.compile(r"[A-Z]{3}")
_BIRTHDAY = re.compile(r"[0-9]{2}-[0-9]{2}")
_JUST_TEXT = frozenset({str})


class Line(NamedTuple):
    """One line of the cart; amounts in minor units, for one unit."""

    id: str
    sku: str
    product: str | None
    categories: tuple[str, ...]
    brand: str | None
    tags: tuple[str, ...]
    quantity: int
    unit_price: int
    member_price: int | None
    unit_cost: int | None
    expires_on: date | None


class Member(NamedTuple):
    id: str
    tier: str | None
    tags: frozenset[str]
    segments: frozenset[str]
    joined_on: date | None
    birthday: tuple[int, int] | None
    orders: int
    spent: int


class Usage(NamedTuple):
    """What a promotion has already given: uses by this member, uses in all, money in all."""

    member: int = 0
    total: int = 0
    discount: int = 0


UNUSED = Usage()


class Facts(NamedTuple):
    currency: str
    now: datetime
    channel: str
    channel_ref: str | None
    location: str | None
    member: Member | None
    lines: tuple[Line, ...]  # by id
    coupons: frozenset[str]
    shipping: int
    usage: dict[str, Usage]


def parse_facts(document: object) -> Facts:
    """The facts of a JSON-decoded document; raises `InvalidInput` with every fault, under `/facts`."""
    faults: list[Fault] = []
    root = Path(None, "facts")
    reader = Reader(document, root, faults, FACTS_KEYS)
    currency = reader.text("currency", required=True)
    if currency is not None and not _CURRENCY.fullmatch(currency):
        reader.fault("currency", "FORMAT", "must be three capital letters")
    now = reader.instant("now", required=True)
    channel = reader.choice("channel", CHANNELS)
    channel_ref = reader.text("channel_ref")
    location = reader.text("location")
    member = _parse_member(reader.document["member"], reader.at("member"), faults) if reader.has("member") else None
    lines = _parse_lines(reader)
    coupons = reader.texts("coupons", may_be_empty=True)
    shipping = reader.integer("shipping", 0)
    usage = parse_usage(reader.document.get("usage", {}), reader.at("usage"), faults)
    if faults or now is None or currency is None:
        raise InvalidInput(faults)
    return Facts(currency, now, channel, channel_ref, location, member, lines, frozenset(coupons), shipping, usage)


def _parse_lines(reader: Reader) -> tuple[Line, ...]:
    lines: dict[str, Line] = {}
    for path, entry in reader.items("lines", required=True, may_be_empty=True):
        line = _plain_line(entry) or _checked_line(entry, path, reader.faults)
        if line.id in lines:
            reader.faults.append(Fault(str(Path(path, "id")), "DUPLICATE", "another line has this id"))
        lines[line.id] = line
    return tuple(lines[key] for key in sorted(lines))


def _plain_line(entry: Any) -> Line | None:
    """The line when it is plainly in order, which nearly all are; else null, and `_checked_line` says what is wrong."""
    if type(entry) is not dict or not entry.keys() <= LINE_KEYS:
        return None
    get = entry.get
    line_id, sku, quantity, unit_price = get("id"), get("sku"), get("quantity"), get("unit_price")
    product, brand, member_price, unit_cost = get("product"), get("brand"), get("member_price"), get("unit_cost")
    categories, tags = get("categories", ()), get("tags", ())
    if (
        type(line_id) is str
        and line_id
        and type(sku) is str
        and sku
        and type(quantity) is int
        and 0 < quantity <= MAX_INTEGER
        and type(unit_price) is int
        and 0 <= unit_price <= MAX_INTEGER
        and (product is None or (type(product) is str and product))
        and (brand is None or (type(brand) is str and brand))
        and (member_price is None or (type(member_price) is int and 0 <= member_price <= MAX_INTEGER))
        and (unit_cost is None or (type(unit_cost) is int and 0 <= unit_cost <= MAX_INTEGER))
        and (not categories or (type(categories) is list and _JUST_TEXT.issuperset(map(type, categories))))
        and (not tags or (type(tags) is list and _JUST_TEXT.issuperset(map(type, tags))))
        and get("expires_on") is None
        and "" not in (categories or ())
        and "" not in (tags or ())
        and type(categories) in (list, tuple)
        and type(tags) in (list, tuple)
    ):
        return Line(
            line_id,
            sku,
            product,
            tuple(categories),
            brand,
            tuple(tags),
            quantity,
            unit_price,
            member_price,
            unit_cost,
            None,
        )
    return None


def _checked_line(entry: object, path: Path, faults: list[Fault]) -> Line:
    reader = Reader(entry, path, faults, LINE_KEYS)
    return Line(
        id=reader.text("id", required=True) or str(path),
        sku=reader.text("sku", required=True) or "",
        product=reader.text("product"),
        categories=reader.texts("categories", may_be_empty=True),
        brand=reader.text("brand"),
        tags=reader.texts("tags", may_be_empty=True),
        quantity=reader.integer("quantity", 1, required=True),
        unit_price=reader.integer("unit_price", 0, required=True),
        member_price=reader.optional_integer("member_price", 0),
        unit_cost=reader.optional_integer("unit_cost", 0),
        expires_on=reader.day("expires_on"),
    )


def parse_line(entry: object, path: Path, faults: list[Fault]) -> Line:
    """One line by itself, as a listing has it."""
    return _plain_line(entry) or _checked_line(entry, path, faults)


def _parse_member(document: object, path: Path, faults: list[Fault]) -> Member:
    reader = Reader(document, path, faults, MEMBER_KEYS)
    return Member(
        id=reader.text("id", required=True) or "",
        tier=reader.text("tier"),
        tags=frozenset(reader.texts("tags", may_be_empty=True)),
        segments=frozenset(reader.texts("segments", may_be_empty=True)),
        joined_on=reader.day("joined_on"),
        birthday=_parse_birthday(reader),
        orders=reader.integer("orders", 0),
        spent=reader.integer("spent", 0),
    )


def _parse_birthday(reader: Reader) -> tuple[int, int] | None:
    text = reader.text("birthday")
    if text is None:
        return None
    if _BIRTHDAY.fullmatch(text):
        month, day = int(text[:2]), int(text[3:])
        try:
            date(2000, month, day)  # a leap year, so that 02-29 is a birthday
        except ValueError:
            pass
        else:
            return month, day
    reader.fault("birthday", "FORMAT", "must be a month and a day like 05-12")
    return None


def parse_usage(document: object, path: Path, faults: list[Fault]) -> dict[str, Usage]:
    """What promotions have already given, by their ids."""
    if not isinstance(document, dict):
        faults.append(Fault(str(path), "TYPE", "must be an object of promotion ids"))
        return {}
    return {key: _usage_of(entry, Path(path, key), faults) for key, entry in document.items()}


def _usage_of(document: object, path: Path, faults: list[Fault]) -> Usage:
    reader = Reader(document, path, faults, USAGE_KEYS)
    return Usage(reader.integer("member", 0), reader.integer("total", 0), reader.integer("discount", 0))
