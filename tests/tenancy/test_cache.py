"""Cache keys and what counts in the cache carry the shop."""

import pytest
from django.core.cache import cache
from django.db import transaction

from tenants.models import Shop
from tenants.selectors import find_shop
from tenants.transaction import tenant_transaction
from tests.support.shops import PASSWORD, ShopClient, owner_email

PER_ADDRESS, PER_MACHINE = 5, 10  # ACCOUNT_RATE_LIMITS: wrong passwords that lock out


def test_what_one_shop_keeps_no_other_finds(shops: tuple[Shop, Shop]) -> None:
    for shop in shops:
        with tenant_transaction(shop):
            assert cache.get("a") is None
            cache.set("a", shop.slug)
    for shop in shops:
        with tenant_transaction(shop):
            assert cache.get_many(["a", "b"]) == {"a": shop.slug}
    assert cache.get("a") is None


def test_one_shop_deletes_its_own_alone(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    for shop in shops:
        with tenant_transaction(shop):
            cache.set("a", shop.slug)
    with tenant_transaction(north):
        cache.delete("a")
    with tenant_transaction(south):
        assert cache.get("a") == "south"


def test_a_hook_on_the_commit_is_outside_the_shop(live_shops: tuple[Shop, Shop]) -> None:
    with tenant_transaction(live_shops[0]):
        transaction.on_commit(lambda: cache.set("a", "hook"))
    assert cache.get("a") == "hook"


def test_the_row_of_a_shop_is_found_inside_a_shop_too(shop: Shop) -> None:
    assert find_shop(shop.slug) == shop


def fail_to_sign_in(shop: Shop, email: str) -> None:
    ShopClient(shop).post("/console/sign-in/", {"login": email, "password": "wrong"})


@pytest.mark.parametrize("counted", ["address", "machine"])
@pytest.mark.parametrize("same_shop", [True, False])
def test_failed_sign_ins_are_counted_for_each_shop(shops: tuple[Shop, Shop], same_shop: bool, counted: str) -> None:
    """Who fails at one shop must not lock anybody out of another: the address and the machine may be the same."""
    north, south = shops
    for number in range(PER_MACHINE if counted == "machine" else PER_ADDRESS):
        email = f"{number}@nowhere.example" if counted == "machine" else owner_email("south")
        fail_to_sign_in(south if same_shop else north, email)
    answer = ShopClient(south).post("/console/sign-in/", {"login": owner_email("south"), "password": PASSWORD})
    assert (answer.status_code == 302) is not same_shop
