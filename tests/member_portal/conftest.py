import pytest

from tenants.models import Shop
from tenants.selectors import find_shop


@pytest.fixture(autouse=True)
def _known_shops(shops: tuple[Shop, Shop]) -> None:
    """Look the hosts up beforehand: inside the transaction that `shop` holds open the public table is out of reach."""
    for shop in shops:
        find_shop(shop.slug)
