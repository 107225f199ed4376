"""Reading orders, and marking those paid that can be."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from checkout.errors import OrderNotFound, OrderNotPayable
from checkout.models import Order, Payment
from checkout.selectors import get_order, get_order_for_customer, list_orders
from checkout.services import complete_checkout, create_cart, mark_order_paid
from checkout.types import LineInput, OrderRow
from kernel.errors import InvalidInput
from members.types import TokenRow

from tenants.models import Shop
from tests.checkout.conftest import Buyer
from tests.support.statements import statements


def place(shop: Shop, now: datetime, token: TokenRow | None = None) -> OrderRow:
    cart = create_cart(lines=[LineInput("TEA", 1)], channel="online", token=token, shop=shop, now=now)
    return complete_checkout(cart_id=cart.id, token=token, payment_method="offline", shop=shop, now=now)


def test_an_order_reads_back_as_it_was_placed(tea: None, shop: Shop, now: datetime) -> None:
    order = place(shop, now)

    assert get_order(order_id=order.id) == order
    assert get_order(order_id=uuid4()) is None


def test_a_members_order_opens_for_verified_tokens_and_for_the_one_that_placed_it(
    tea: None, buyer: Buyer, shop: Shop, now: datetime
) -> None:
    order = place(shop, now, buyer.token)
    member = buyer.member_id

    def sees(token: TokenRow | None) -> bool:
        return get_order_for_customer(order_id=order.id, token=token) is not None

    assert sees(buyer.token)
    assert sees(TokenRow(buyer.token.id + 1, member, is_verified=True))
    assert not sees(TokenRow(buyer.token.id + 1, member, is_verified=False))
    assert not sees(TokenRow(buyer.token.id, uuid4(), is_verified=True))
    assert not sees(None)


def test_orders_come_newest_first_in_pages_of_one_statement(tea: None, shop: Shop, now: datetime) -> None:
    placed = [place(shop, now + timedelta(minutes=minute)) for minute in range(5)]
    mark_order_paid(order_id=placed[0].id, actor="owner", now=now)

    with statements() as found:
        first = list_orders(first=2)
    second = list_orders(first=2, after=first.end_cursor)

    assert len(found) == 1
    assert [order.number for order in first] == [placed[4].number, placed[3].number]
    assert [order.number for order in second] == [placed[2].number, placed[1].number]
    assert (first.has_next, first.items[0].line_count, first.items[0].total_minor) == (True, 1, 2500)
    assert [order.number for order in list_orders(status="paid")] == [placed[0].number]
    assert [order.number for order in list_orders(last=1)] == [placed[0].number]
    with pytest.raises(InvalidInput):
        list_orders(first=101)


def test_what_cannot_be_paid_is_refused_and_unchanged(tea: None, shop: Shop, now: datetime) -> None:
    order = place(shop, now)
    Order.objects.update(status="cancelled")

    with pytest.raises(OrderNotPayable):
        mark_order_paid(order_id=order.id, actor="owner", now=now)
    with pytest.raises(OrderNotFound):
        mark_order_paid(order_id=uuid4(), actor="owner", now=now)

    assert Payment.objects.get().status == "pending"
