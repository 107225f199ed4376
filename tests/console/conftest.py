"""A signed-in client of a shop, and things to look at. No tenant transaction is open: requests bring their own."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from catalog.selectors import get_product
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from coupons.services import create_batch
from coupons.types import BatchInput
from django.utils import timezone
from joining.services import create_join_link
from staff.models import User
from stock.services import open_balance

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.console.paying import fake, payer
from tests.support.shops import ShopClient

__all__ = ["fake", "payer"]


@pytest.fixture
def now() -> datetime:
    """Views read the clock, so what they meet is made at the real time."""
    return timezone.now()


@pytest.fixture
def north(shops: tuple[Shop, Shop]) -> Shop:
    """The Chinese shop."""
    return shops[0]


@pytest.fixture
def owner(north: Shop) -> User:
    """Its owner."""
    with tenant_transaction(north):
        return User.objects.get()


@pytest.fixture
def client(north: Shop, owner: User) -> ShopClient:
    """The owner's browser, signed in, in Chinese."""
    client = ShopClient(north)
    with tenant_transaction(north):
        client.force_login(owner)
    return client


@pytest.fixture
def make_product(north: Shop, now: datetime) -> Callable[..., UUID]:
    """`make_product("Apple", price=500, stock=7)` with the SKU `APPLE`."""

    def make(name: str, *, price: int = 500, stock: int = 7) -> UUID:
        data = ProductInput(name=name, variants=[VariantInput(sku=name.upper(), price_minor=price)])
        with tenant_transaction(north):
            product_id = create_product(data=data, now=now)
            product = get_product(product_id=product_id)
            assert product is not None
            open_balance(variant_id=product.variants[0].id, quantity=stock, unit_cost_minor=None, now=now)
        return product_id

    return make


@pytest.fixture
def batch_id(north: Shop, now: datetime) -> UUID:
    """A coupon: 8 off from 40, 100 of them, 30 days."""
    data = BatchInput(
        name="新人券", kind="amount", amount_minor=800, minimum_spend_minor=4000, total=100, valid_days=30
    )
    with tenant_transaction(north):
        return create_batch(data=data, now=now)


@pytest.fixture
def link_id(north: Shop, batch_id: UUID, now: datetime) -> UUID:
    """A join link `till` that gives the coupon."""
    with tenant_transaction(north):
        return create_join_link(
            name="收银台", code="till", batch_id=batch_id, channel="store", opens_at=None, closes_at=None, now=now
        )
