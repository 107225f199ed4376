"""Stock moves through the ledger alone, and never below what is there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

import pytest
from catalog.selectors import get_variants_by_sku
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from django.db import DatabaseError, connection, transaction
from kernel.errors import DomainError, InvalidInput
from kernel.ids import new_id
from stock.checks import find_impossible_reservations, find_unbalanced_ledgers
from stock.errors import BalanceUnknown, LocationUnknown, OutOfStock, StockOpened
from stock.models import Balance, Entry
from stock.selectors import get_availability, get_levels, list_levels
from stock.services import adjust_stock, open_balance, open_balances, return_stock, take_stock
from stock.types import Level, OpeningStock

type Counter = Callable[[int], AbstractContextManager[object]]

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def variants(shop: object, now: datetime) -> list[UUID]:
    """Three variants, the first two stocked with 10 and 5."""
    inputs = [VariantInput(sku=sku, price_minor=100) for sku in ("A", "B", "C")]
    create_product(data=ProductInput(name="Tea", variants=inputs), now=now)
    rows = get_variants_by_sku(skus=["A", "B", "C"])
    ids = [rows[sku].id for sku in ("A", "B", "C")]
    open_balance(variant_id=ids[0], quantity=10, unit_cost_minor=60, now=now)
    open_balance(variant_id=ids[1], quantity=5, unit_cost_minor=None, now=now)
    return ids


def entries() -> list[tuple[int, str, str, str]]:
    return list(Entry.objects.order_by("id").values_list("quantity", "kind", "reference", "actor"))


OPENED = [(10, "opening", "", ""), (5, "opening", "", "")]


def test_opening_stock_stands_in_the_ledger_and_in_the_level(variants: list[UUID]) -> None:
    assert entries() == OPENED
    assert get_levels(variant_ids=variants) == {
        variants[0]: Level(on_hand=10, reserved=0, available=10, unit_cost_minor=60),
        variants[1]: Level(on_hand=5, reserved=0, available=5, unit_cost_minor=None),
        variants[2]: Level(on_hand=0, reserved=0, available=0, unit_cost_minor=None),
    }


def test_a_sale_takes_several_variants_in_one_statement(
    variants: list[UUID], now: datetime, django_assert_num_queries: Counter
) -> None:
    with django_assert_num_queries(1):
        take_stock(items={variants[1]: 5, variants[0]: 3}, reference="100001", actor="checkout", now=now)

    assert entries() == [*OPENED, (-3, "sale", "100001", "checkout"), (-5, "sale", "100001", "checkout")]
    assert get_availability(variant_ids=variants) == {variants[0]: 7, variants[1]: 0, variants[2]: 0}


def test_a_sale_that_is_short_of_one_variant_takes_nothing_and_says_what_is_left(
    variants: list[UUID], now: datetime
) -> None:
    with pytest.raises(OutOfStock) as refusal:
        take_stock(items={variants[0]: 3, variants[1]: 6, variants[2]: 1}, reference="1", actor="", now=now)

    assert refusal.value.shortages == {variants[1]: 5, variants[2]: 0}
    assert refusal.value.code == "OUT_OF_STOCK"
    assert entries() == OPENED
    assert get_availability(variant_ids=variants[:2]) == {variants[0]: 10, variants[1]: 5}


def test_what_is_reserved_is_not_sold(variants: list[UUID], now: datetime) -> None:
    Balance.objects.filter(variant_id=variants[0]).update(reserved=8)

    with pytest.raises(OutOfStock) as refusal:
        take_stock(items={variants[0]: 3}, reference="1", actor="", now=now)

    assert refusal.value.shortages == {variants[0]: 2}
    take_stock(items={variants[0]: 2}, reference="1", actor="", now=now)
    assert get_levels(variant_ids=variants[:1])[variants[0]] == Level(8, 8, 0, 60)


def test_a_return_puts_back_and_names_its_reference(variants: list[UUID], now: datetime) -> None:
    take_stock(items={variants[0]: 4}, reference="100001", actor="", now=now)

    return_stock(items={variants[0]: 1}, reference="100001", actor="staff", now=now)

    assert entries()[-1] == (1, "return", "100001", "staff")
    assert get_availability(variant_ids=variants[:1]) == {variants[0]: 7}


def test_a_return_of_what_was_never_stocked_puts_nothing_back(variants: list[UUID], now: datetime) -> None:
    with pytest.raises(BalanceUnknown):
        return_stock(items={variants[0]: 1, variants[2]: 1}, reference="1", actor="", now=now)

    assert entries() == OPENED


def test_an_adjustment_goes_both_ways_but_not_below_nothing(variants: list[UUID], now: datetime) -> None:
    adjust_stock(variant_id=variants[0], quantity=5, reason="counted", actor="staff", now=now)
    adjust_stock(variant_id=variants[0], quantity=-15, reason="broken", actor="staff", now=now)
    with pytest.raises(OutOfStock):
        adjust_stock(variant_id=variants[0], quantity=-1, reason="broken", actor="staff", now=now)

    assert entries()[2:] == [(5, "adjustment", "counted", "staff"), (-15, "adjustment", "broken", "staff")]
    assert get_availability(variant_ids=variants[:1]) == {variants[0]: 0}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ids, now: take_stock(items={ids[0]: 0}, reference="", actor="", now=now), InvalidInput),
        (lambda ids, now: take_stock(items={ids[0]: -1}, reference="", actor="", now=now), InvalidInput),
        (lambda ids, now: take_stock(items={ids[0]: 2**31}, reference="", actor="", now=now), InvalidInput),
        (lambda ids, now: take_stock(items={new_id(): 1}, reference="", actor="", now=now), OutOfStock),
        (
            lambda ids, now: take_stock(items={ids[0]: 1}, reference="", actor="", now=now, location="moon"),
            OutOfStock,
        ),
        (lambda ids, now: return_stock(items={ids[0]: -1}, reference="", actor="", now=now), InvalidInput),
        (lambda ids, now: adjust_stock(variant_id=ids[0], quantity=0, reason="r", actor="", now=now), InvalidInput),
        (lambda ids, now: adjust_stock(variant_id=ids[0], quantity=1, reason=" ", actor="", now=now), InvalidInput),
        (lambda ids, now: adjust_stock(variant_id=ids[2], quantity=1, reason="r", actor="", now=now), BalanceUnknown),
        (lambda ids, now: open_balance(variant_id=ids[2], quantity=-1, unit_cost_minor=1, now=now), InvalidInput),
        (lambda ids, now: open_balance(variant_id=ids[2], quantity=1, unit_cost_minor=-1, now=now), InvalidInput),
        (lambda ids, now: open_balance(variant_id=ids[0], quantity=1, unit_cost_minor=1, now=now), StockOpened),
        (
            lambda ids, now: open_balance(variant_id=ids[2], quantity=1, unit_cost_minor=1, now=now, location="moon"),
            LocationUnknown,
        ),
    ],
)
def test_what_cannot_be_is_refused_and_moves_nothing(
    call: Callable[[list[UUID], datetime], None], error: type[DomainError], variants: list[UUID], now: datetime
) -> None:
    with pytest.raises(error):
        call(variants, now)

    assert entries() == OPENED


def test_many_variants_are_opened_at_once_and_nothing_is_entered_for_none(
    variants: list[UUID], now: datetime, django_assert_num_queries: Counter
) -> None:
    with django_assert_num_queries(2):
        open_balances(
            items=[OpeningStock(variant_id=variants[2], quantity=0, unit_cost_minor=7)],
            reference="import",
            actor="",
            now=now,
        )

    assert entries() == OPENED
    assert get_levels(variant_ids=variants)[variants[2]] == Level(0, 0, 0, 7)


def test_the_scarcest_balance_is_listed_first(variants: list[UUID]) -> None:
    one = list_levels(first=1)
    two = list_levels(first=1, after=one.end_cursor)

    assert [(row.variant_id, row.available, row.location) for row in [*one, *two]] == [
        (variants[1], 5, "main"),
        (variants[0], 10, "main"),
    ]
    assert (one.has_next, two.has_next) == (True, False)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_balance SET on_hand = 99",
        "DELETE FROM stock_balance",
        "UPDATE stock_entry SET quantity = 1",
        "DELETE FROM stock_entry",
        "INSERT INTO stock_entry (balance_id, quantity, kind) SELECT id, -11, 'sale' FROM stock_balance",
    ],
)
def test_the_database_refuses_to_go_round_the_ledger(statement: str, variants: list[UUID]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert get_availability(variant_ids=variants[:2]) == {variants[0]: 10, variants[1]: 5}
    assert [*find_unbalanced_ledgers(), *find_impossible_reservations()] == []
