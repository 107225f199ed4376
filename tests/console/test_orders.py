"""Orders in the console."""

from datetime import timedelta

import pytest
from checkout.models import Cart, Order, Payment
from coupons.models import Coupon
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.full_shop import fill_shop
from tests.support.shops import ShopClient


@pytest.fixture
def order_page(north: Shop) -> str:
    """The address of an order with a coupon that is to be paid; another one is paid."""
    return fill_shop(north)["order"]


def test_an_order_shows_its_lines_and_what_the_coupon_took_off(client: ShopClient, order_page: str) -> None:
    page = client.get(order_page).content.decode()

    # 3 at 12.82 and 1 at 12.84 are 51.30; the coupon takes 8.00 off.
    assert all(text in page for text in ("手工拉面", "SKU-4", "¥51.30", "−¥8.00", "¥43.30", "新人券", "139****1111"))
    assert "13900001111" not in page


def test_the_coupon_of_an_order_is_named_however_it_was_typed(client: ShopClient, north: Shop, order_page: str) -> None:
    with tenant_transaction(north):
        coupon = Coupon.objects.get(status="redeemed")
        Cart.objects.filter(coupon_codes=[coupon.code]).update(
            coupon_codes=[f" {coupon.code[:4]}-{coupon.code[4:].lower()}"]
        )

    assert client.get(order_page).context["extras"].coupon_codes == [coupon.code]


def test_the_list_shows_masked_members_and_can_be_narrowed(client: ShopClient, order_page: str) -> None:
    everything = client.get("/console/orders/")
    placed = client.get("/console/orders/?status=placed")

    assert [order.status for order, _ in everything.context["rows"]] == ["paid", "placed"]
    assert [order.status for order, _ in placed.context["rows"]] == ["placed"]
    assert "139****1111" in everything.content.decode()
    assert "13900001111" not in everything.content.decode()


@pytest.mark.usefixtures("order_page")
def test_the_list_needs_the_same_number_of_statements_for_one_and_many(client: ShopClient, north: Shop) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/console/orders/")
        return len(queries)

    count()  # the first page after a minute asks for the shop's logo too
    two = count()
    with tenant_transaction(north):
        now = timezone.now()
        Order.objects.bulk_create(
            Order(
                number=1_000_000 + number,
                currency="CNY",
                subtotal_minor=100,
                discount_minor=0,
                total_minor=100,
                placed_at=now - timedelta(days=number),
            )
            for number in range(40)
        )

    assert count() == two


def test_marking_an_order_as_paid_settles_its_payment_once(client: ShopClient, north: Shop, order_page: str) -> None:
    for _ in range(2):
        response = client.post(f"{order_page}paid/")
        assert (response.status_code, response["Location"]) == (302, order_page)

    with tenant_transaction(north):
        order = Order.objects.get(pk=order_page.split("/")[3])
        payment = Payment.objects.get(order=order)
    assert (order.status, payment.status) == ("paid", "settled")


def test_a_cancelled_order_cannot_be_paid(client: ShopClient, north: Shop, order_page: str) -> None:
    with tenant_transaction(north):
        Order.objects.update(status="cancelled")

    page = client.post(f"{order_page}paid/", follow=True).content.decode()

    assert 'role="alert"' in page
    with tenant_transaction(north):
        assert not Order.objects.filter(status="paid").exists()


@pytest.mark.usefixtures("order_page")
def test_the_home_page_counts_what_came_of_it(client: ShopClient) -> None:
    overview = client.get("/console/").context["overview"]

    assert (overview.new_members, overview.coupons_claimed, overview.coupons_redeemed) == (4, 4, 1)
    assert (overview.orders, overview.sold_minor) == (2, 4330 + 5130)
