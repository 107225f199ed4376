"""The page of the shop's own domains."""

from datetime import datetime

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser
from staff.models import AuditEntry

from tenants import domain_proof
from tenants.domains import add_domain, list_domains
from tenants.models import Domain, Shop
from tenants.transaction import find_current_shop, tenant_transaction
from tests.console.test_browser import Url, check, sign_in
from tests.support.browser import page_of
from tests.support.live import LiveServer
from tests.support.shops import ShopClient

PAGE = "/console/domains/"
HOST = "www.corner-goods.com"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """TXT records; the network is asked outside of the shop's transaction alone."""
    records: dict[str, str] = {}

    def resolve(name: str) -> list[str]:
        assert find_current_shop() is None
        return [records[name]] if name in records else []

    monkeypatch.setattr(domain_proof, "resolve_txt", resolve)
    monkeypatch.setattr(domain_proof, "fetch_files", lambda host: [])
    return records


def state_of(shop: Shop) -> list[tuple[str, bool, bool]]:
    return [(each.host, each.verified_at is not None, each.is_primary) for each in list_domains(shop)]


def test_a_domain_is_asked_for_proven_made_the_main_one_and_given_up(
    client: ShopClient, north: Shop, published: dict[str, str]
) -> None:
    assert client.post(PAGE, {"host": f" {HOST.upper()} "}).headers["Location"] == PAGE
    domain = Domain.objects.get()
    page = client.get(PAGE).content.decode()
    for value in (
        f"_laxin.{HOST}",
        f"laxin-verification={domain.token}",
        f"http://{HOST}/.well-known/laxin-domain.txt",
    ):
        assert f'data-copy="{value}"' in page

    said = client.post(f"{PAGE}{HOST}/check/", follow=True).content.decode()
    assert f"_laxin.{HOST}" in said.split('role="alert"')[1].split("</p>")[0]
    assert state_of(north) == [(HOST, False, False)]

    published[f"_laxin.{HOST}"] = f"laxin-verification={domain.token}"
    cache.clear()
    client.post(f"{PAGE}{HOST}/check/")
    assert state_of(north) == [(HOST, True, False)]
    page = client.get(PAGE).content.decode()
    assert f"{PAGE}{HOST}/check/" not in page
    assert 'data-copy="north.localhost"' in page

    client.post(f"{PAGE}{HOST}/primary/")
    assert state_of(north) == [(HOST, True, True)]
    client.post(f"{PAGE}{HOST}/remove/")
    assert state_of(north) == []
    with tenant_transaction(north):
        entries = AuditEntry.objects.filter(subject="tenants_domain").order_by("id")
        assert list(entries.values_list("event", "label")) == [
            ("insert", HOST), ("update", HOST), ("update", HOST), ("delete", HOST),
        ]  # fmt: skip


def test_checks_follow_one_another_slowly(client: ShopClient, north: Shop, published: dict[str, str]) -> None:
    client.post(PAGE, {"host": HOST})
    published[f"_laxin.{HOST}"] = "laxin-verification=other"
    client.post(f"{PAGE}{HOST}/check/")
    published[f"_laxin.{HOST}"] = f"laxin-verification={Domain.objects.get().token}"
    client.post(f"{PAGE}{HOST}/check/")
    assert state_of(north) == [(HOST, False, False)]


@pytest.mark.parametrize("host", ["", "localhost", "10.0.0.1", "https://shop.example.com/"])
def test_what_is_no_domain_is_said_at_the_field(client: ShopClient, north: Shop, host: str) -> None:
    answer = client.post(PAGE, {"host": host})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert state_of(north) == []


def test_an_unproven_domain_is_not_made_the_main_one(client: ShopClient, north: Shop) -> None:
    client.post(PAGE, {"host": HOST})
    client.post(f"{PAGE}{HOST}/primary/")
    assert state_of(north) == [(HOST, False, False)]


def test_where_the_plan_has_no_domains_the_page_leads_to_the_plans_and_proven_ones_stay(
    client: ShopClient, north: Shop, published: dict[str, str], now: datetime
) -> None:
    for host in (HOST, "asked.example.com"):
        add_domain(shop=north, host=host, now=now)
    north.domains.filter(host=HOST).update(verified_at=now)
    published["_laxin.asked.example.com"] = f"laxin-verification={north.domains.get(host='asked.example.com').token}"
    Shop.objects.filter(pk=north.pk).update(plan="starter", features=[])
    cache.clear()

    page = client.get(PAGE).content.decode()
    refused = client.post(PAGE, {"host": "third.example.com"})
    client.post(f"{PAGE}asked.example.com/check/")
    client.post(f"{PAGE}{HOST}/primary/")

    assert ('name="host"' in page, 'href="/console/billing/"' in page.split("<main")[1]) == (False, True)
    assert refused.status_code == 422
    assert state_of(north) == [("asked.example.com", False, False), (HOST, True, True)]


def test_another_shops_domain_is_neither_shown_nor_changed(
    client: ShopClient, north: Shop, shops: tuple[Shop, Shop], now: datetime
) -> None:
    south = shops[1]
    add_domain(shop=south, host=HOST, now=now)
    Domain.objects.update(verified_at=now)
    assert HOST not in client.get(PAGE).content.decode()
    for what in ("check", "primary", "remove"):
        assert client.post(f"{PAGE}{HOST}/{what}/").status_code == 404
    assert client.post(PAGE, {"host": HOST}).status_code == 422
    assert (state_of(north), state_of(south)) == ([], [(HOST, True, False)])


def test_the_page_is_in_order_in_every_dress_and_its_values_are_copied(
    browser: Browser, live_shops: tuple[Shop, Shop], web_server: LiveServer, now: datetime
) -> None:
    north = live_shops[0]
    url: Url = lambda path: web_server.url(north, path)  # noqa: E731
    for host in (HOST, "main.example.com", "asked-for-with-a-rather-long-name.example.com"):
        add_domain(shop=north, host=host, now=now)
    north.domains.exclude(host__startswith="asked").update(verified_at=now)
    north.domains.filter(host__startswith="main").update(is_primary=True)
    with page_of(browser) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        sign_in(page, url)
        assert list(check(page, url, [PAGE])) == []
        page.locator("button[data-copy^='laxin-verification=']").first.click()
        copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"laxin-verification={north.domains.get(host__startswith='asked').token}"
