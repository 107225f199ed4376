import pytest

from tenants.selectors import find_shop


@pytest.fixture(autouse=True)
def _known_shops(request: pytest.FixtureRequest) -> None:
    """Look the hosts up beforehand: inside the transaction that `shop` holds open the public table is out of reach."""
    if "live_shops" not in request.fixturenames:
        for shop in request.getfixturevalue("shops"):
            find_shop(shop.slug)
