"""An order is everything or nothing, whichever statement fails."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from checkout.checks import (
    check_carts,
    check_lines,
    check_members,
    check_payments,
    check_stock,
    check_totals,
    check_use,
)
from checkout.models import Cart, Order, OrderLine, Payment
from checkout.services import complete_checkout, create_cart, mark_order_paid, set_coupons
from checkout.types import LineInput, OrderRow
from coupons.models import Coupon, CouponEvent
from django.db import connection, transaction
from kernel.models import OutboxEvent
from members.models import Member
from promotions.models import PromotionUse
from stock.models import Balance, Entry

from tenants.models import Shop
from tests.checkout.conftest import Buyer
from tests.support.statements import statements


class Stopped(Exception):
    """The process died here."""


@contextmanager
def stopped_at(number: int) -> Iterator[None]:
    """Raise in place of the statement with this number, counted from 0."""
    seen = 0

    def guard(execute: Callable[..., Any], sql: str, params: Sequence[Any], many: bool, context: dict[str, Any]) -> Any:
        nonlocal seen
        if "SAVEPOINT" not in sql:
            seen += 1
            if seen - 1 == number:
                raise Stopped
        return execute(sql, params, many, context)

    with connection.execute_wrapper(guard):
        yield


def make_cart(buyer: Buyer, shop: Shop, now: datetime) -> Any:
    lines = [LineInput("TEA", 2), LineInput("CUP", 1)]
    cart = create_cart(lines=lines, channel="online", token=buyer.token, shop=shop, now=now)
    return set_coupons(cart_id=cart.id, codes=[buyer.code], token=buyer.token, shop=shop, now=now).id


def complete(cart_id: Any, buyer: Buyer, shop: Shop, now: datetime) -> OrderRow:
    return complete_checkout(cart_id=cart_id, token=buyer.token, payment_method="offline", shop=shop, now=now)


def everything() -> dict[str, list[Any]]:
    tables = (Cart, Order, OrderLine, Payment, Coupon, CouponEvent, Member, PromotionUse, Balance, Entry, OutboxEvent)
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}


def broken() -> list[str]:
    checks = (check_carts, check_lines, check_members, check_payments, check_stock, check_totals, check_use)
    return [finding for check in checks for finding in check()]


def test_nothing_is_half_done_wherever_it_stops(tea: None, buyer: Buyer, shop: Shop, now: datetime) -> None:
    cart_id = make_cart(buyer, shop, now)
    before = everything()
    with transaction.atomic():
        with statements() as found:
            complete(cart_id, buyer, shop, now)
        assert everything() != before
        transaction.set_rollback(True)
    assert len(found) >= 10

    for number in range(len(found)):
        with pytest.raises(Stopped), transaction.atomic(), stopped_at(number):
            complete(cart_id, buyer, shop, now)
        assert everything() == before, f"stopped at {found[number]}"

    # Without the savepoint that an interface wraps round it, what was written stays: the test would notice.
    with pytest.raises(Stopped), stopped_at(len(found) - 1):
        complete(cart_id, buyer, shop, now)
    assert everything() != before


def test_an_order_satisfies_every_check_and_a_tampered_one_does_not(
    tea: None, buyer: Buyer, shop: Shop, now: datetime
) -> None:
    complete(make_cart(buyer, shop, now), buyer, shop, now)
    assert broken() == []

    tamper: list[tuple[Callable[[], Any], Callable[[], Iterator[str]]]] = [
        (lambda: Order.objects.update(total_minor=1), check_totals),
        (lambda: OrderLine.objects.update(unit_price_minor=1), check_lines),
        (lambda: Payment.objects.update(amount_minor=1), check_payments),
        (lambda: Payment.objects.update(status="settled"), check_payments),
        (lambda: Cart.objects.update(closed_at=None), check_carts),
        (lambda: Order.objects.update(number=5), check_stock),
        (lambda: Member.objects.update(orders=7), check_members),
        (lambda: PromotionUse.objects.filter(scope="").update(orders=7), check_use),
    ]
    for change, check in tamper:
        with transaction.atomic():
            change()
            assert len(list(check())) == 1, check.__name__
            transaction.set_rollback(True)


def test_the_lines_of_an_order_share_its_discount(tea: None, buyer: Buyer, shop: Shop, now: datetime) -> None:
    order = complete(make_cart(buyer, shop, now), buyer, shop, now)

    assert (order.subtotal_minor, order.discount_minor, order.total_minor) == (23000, 800, 22200)
    assert [(line.sku, line.total_minor) for line in order.lines] == [("TEA", 4826), ("CUP", 17374)]
    assert sum(line.total_minor for line in order.lines) == 22200


def test_order_numbers_rise(tea: None, buyer: Buyer, shop: Shop, now: datetime) -> None:
    first = complete(make_cart(buyer, shop, now), buyer, shop, now)
    lines = [LineInput("TEA", 1)]
    second_cart = create_cart(lines=lines, channel="online", token=buyer.token, shop=shop, now=now)

    second = complete(second_cart.id, buyer, shop, now)

    assert second.number == first.number + 1 > 100_000


def test_marking_an_order_paid_settles_its_payment_once(tea: None, buyer: Buyer, shop: Shop, now: datetime) -> None:
    order = complete(make_cart(buyer, shop, now), buyer, shop, now)

    assert mark_order_paid(order_id=order.id, actor="owner", now=now) is True
    assert mark_order_paid(order_id=order.id, actor="owner", now=now) is False

    assert Order.objects.get().status == "paid"
    assert Payment.objects.values_list("status", "settled_at").get() == ("settled", now)
    assert OutboxEvent.objects.filter(topic="order.paid").count() == 1
    assert broken() == []
