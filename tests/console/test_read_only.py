"""A shop that is read-only offers nothing that it would refuse, and is read and searched as ever."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.core.cache import cache

from tenants.models import Shop
from tenants.selectors import cache_key
from tests.support.shops import ShopClient

NOTICE = {"kind": "read_only", "cause": "trial_ended", "at": "2026-12-01T00:00:00+00:00"}
FORMS = ["products/new/", "coupons/new/", "join-links/new/", "keys/", "domains/", "staff/", "roles/new/", "logo/"]


@pytest.fixture
def owner_page(client: ShopClient) -> Callable[[str], str]:
    """The text of a page that the owner opens, in English."""
    client.cookies["laxin_language"] = "en"
    return lambda address: client.get(f"/console/{address}").content.decode()


def close(shop: Shop) -> None:
    Shop.objects.filter(pk=shop.pk).update(access="read_only", notice=NOTICE)
    cache.delete(cache_key(shop.slug))


def list_usable(page: str) -> list[str]:
    """What can be typed into or pressed in the middle of a page, apart from what is disabled."""
    middle = page.split("<main", 1)[1].split("</main>", maxsplit=1)[0]
    middle = middle.split('<fieldset disabled class="min-w-0"')[0]  # it ends with the page
    middle = re.sub(r"(?s)<fieldset disabled.*?</fieldset>", "", middle)
    return re.findall(r"<(?:input|select|textarea|button)\b[^>]*>", middle)


@pytest.mark.parametrize("address", ["", *FORMS])
def test_nobody_types_what_would_be_refused(owner_page: Callable[[str], str], north: Shop, address: str) -> None:
    assert list_usable(owner_page(address))
    close(north)

    page = owner_page(address)

    assert list_usable(page) == []
    assert "Your trial is over: the shop is read-only." in page
    assert '<a class="btn btn-primary" href="/console/billing/">Choose a plan</a>' in page


@pytest.mark.parametrize("address", ["", "products/", "coupons/", "join-links/"])
def test_no_page_invites_to_work(owner_page: Callable[[str], str], north: Shop, address: str) -> None:
    invitation = re.compile(r'href="/console/[a-z-]+/new/')
    assert invitation.search(owner_page(address))
    close(north)

    assert not invitation.search(owner_page(address))


@pytest.mark.usefixtures("link_id")
def test_what_there_is_can_be_read_searched_and_exported(
    owner_page: Callable[[str], str], north: Shop, make_product: Callable[..., UUID]
) -> None:
    make_product("Apple")
    close(north)

    assert "Apple" in owner_page("products/?q=apple")
    assert list_usable(owner_page("products/"))
    assert list_usable(owner_page("audit/"))
    assert "/console/audit/export.csv" in owner_page("audit/")
    assert list_usable(owner_page("archive/"))


def test_a_closed_shop_still_lets_its_people_change_their_own_password(
    owner_page: Callable[[str], str], north: Shop
) -> None:
    close(north)

    assert list_usable(owner_page("security/password/"))
