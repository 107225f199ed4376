"""A storefront of `north`; all that it does is rolled back."""

from datetime import UTC, datetime

import pytest

from storefront_api import access
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.storefront import Storefront, make_key


@pytest.fixture(autouse=True)
def _no_remembered_keys() -> None:
    """Keys are remembered by the process; each test has its own."""
    access._cache.clear()


@pytest.fixture
def now() -> datetime:
    """The present, which is what the API goes by."""
    return datetime.now(UTC)


@pytest.fixture
def storefront(shops: tuple[Shop, Shop], now: datetime) -> Storefront:
    """A storefront with a public key that names no origins. What a test arranges stands in `storefront.inside()`."""
    with tenant_transaction(shops[0]):
        key = make_key(now)
    return Storefront(shops[0], key)
