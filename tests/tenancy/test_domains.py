"""A shop's own domains: proven by DNS, served for one shop alone; other hosts are refused."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from kernel.errors import InvalidInput, NotFound
from pytest_django import Settings

from tenants.domain_proof import resolve_txt
from tenants.domains import (
    add_domain,
    list_hosts,
    remove_domain,
    set_primary_domain,
    verify_domain,
)
from tenants.errors import DomainTaken, DomainUnproven
from tenants.models import Domain, Shop
from tests.support.nameserver import NameServer

HOST = "shop.example.com"


@pytest.fixture
def dns_records(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """TXT records by name, answered by a DNS server on the loopback."""
    names = NameServer()
    with names.running() as resolver:
        monkeypatch.setattr("dns.resolver.default_resolver", resolver)
        yield names.texts


def give(shop: Shop, host: str, now: datetime) -> None:
    add_domain(shop=shop, host=host, now=now)
    Domain.objects.filter(shop=shop, host=host).update(verified_at=now)


def test_a_domain_is_the_shops_once_its_record_is_there(
    live_shops: tuple[Shop, Shop], now: datetime, dns_records: dict[str, str]
) -> None:
    north = live_shops[0]
    proof = add_domain(shop=north, host="Shop.Example.com.", now=now)
    assert proof == add_domain(shop=north, host=HOST, now=now)
    assert proof.name == f"_laxin.{HOST}"
    assert Client(SERVER_NAME=HOST).get("/j/none/").status_code == 400
    with pytest.raises(DomainUnproven):
        verify_domain(shop=north, host=HOST, now=now)
    dns_records[proof.name] = "laxin-verification=guessed"
    with pytest.raises(DomainUnproven):
        verify_domain(shop=north, host=HOST, now=now)
    assert Domain.objects.get().verified_at is None

    dns_records[proof.name] = proof.value
    verify_domain(shop=north, host=HOST, now=now)

    assert Domain.objects.get().verified_at == now
    page = Client(SERVER_NAME=HOST).get("/console/sign-in/")
    assert page.status_code == 200
    assert page.wsgi_request.shop == north  # type: ignore[attr-defined]


def test_one_shop_cannot_take_anothers_domain(
    shops: tuple[Shop, Shop], now: datetime, dns_records: dict[str, str]
) -> None:
    north, south = shops
    proofs = [add_domain(shop=shop, host=HOST, now=now) for shop in (north, south)]
    assert proofs[0].value != proofs[1].value
    dns_records[proofs[0].name] = proofs[0].value
    with pytest.raises(DomainUnproven):
        verify_domain(shop=south, host=HOST, now=now)
    verify_domain(shop=north, host=HOST, now=now)
    dns_records[proofs[1].name] = proofs[1].value
    with pytest.raises(DomainTaken):
        verify_domain(shop=south, host=HOST, now=now)
    with pytest.raises(DomainTaken):
        add_domain(shop=south, host=HOST, now=now)
    page = Client(SERVER_NAME=HOST).get("/console/sign-in/")
    assert page.wsgi_request.shop == north  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "host", ["", "localhost", "north.localhost", "a.b.localhost", "127.0.0.1", "10.0.0.1", "exa mple.com", "-a.com",
             "a..com", "example", "a_b.com", "[::1]", "x.com/path", "x.com:80", "a" * 64 + ".com"]
)  # fmt: skip
def test_what_is_no_domain_of_a_shop_is_refused(shops: tuple[Shop, Shop], now: datetime, host: str) -> None:
    with pytest.raises(InvalidInput):
        add_domain(shop=shops[0], host=host, now=now)
    assert list_hosts(shops[0]) == []


def test_a_name_in_chinese_is_kept_in_its_dns_form(shops: tuple[Shop, Shop], now: datetime) -> None:
    add_domain(shop=shops[0], host="商店.example.com", now=now)
    assert list_hosts(shops[0]) == ["xn--czrs0t.example.com"]


@pytest.mark.parametrize(
    "host", ["evil.example", "north.localhost.evil.example", "evil-localhost", "localhost@evil.example", "a b", "."]
)
def test_other_hosts_are_refused(shops: tuple[Shop, Shop], host: str) -> None:
    response = Client(raise_request_exception=False).get("/", headers={"host": host})
    assert response.status_code == 400
    assert b"evil" not in response.content


def test_other_domains_lead_to_the_primary_one(shops: tuple[Shop, Shop], now: datetime) -> None:
    north = shops[0]
    for host in (HOST, "www.example.com"):
        give(north, host, now)
    set_primary_domain(shop=north, host=HOST)
    moved = Client(SERVER_NAME="www.example.com").get("/j/welcome/?a=1")
    assert (moved.status_code, moved.headers["Location"]) == (302, f"http://{HOST}/j/welcome/?a=1")
    assert Client(SERVER_NAME=HOST).get("/console/sign-in/").status_code == 200
    assert Client(SERVER_NAME="north.localhost").get("/console/sign-in/").status_code == 200
    assert Client(SERVER_NAME="www.example.com").post("/graphql/").status_code != 302


def test_an_unproven_domain_cannot_be_the_primary_one(shops: tuple[Shop, Shop], now: datetime) -> None:
    add_domain(shop=shops[0], host=HOST, now=now)
    with pytest.raises(DomainUnproven):
        set_primary_domain(shop=shops[0], host=HOST)


def test_a_domain_given_up_is_refused_and_free(shops: tuple[Shop, Shop], now: datetime) -> None:
    north, south = shops
    give(north, HOST, now)
    assert Client(SERVER_NAME=HOST).get("/console/sign-in/").status_code == 200
    with pytest.raises(NotFound):
        remove_domain(shop=south, host=HOST)
    remove_domain(shop=north, host=HOST)
    Client(SERVER_NAME=HOST)
    assert not Domain.objects.exists()
    give(south, HOST, now)


def test_nobody_answering_is_no_proof(dns_records: dict[str, str]) -> None:
    assert resolve_txt("_laxin.nowhere.example") == []


def test_the_command_leads_from_asking_to_serving(
    live_shops: tuple[Shop, Shop], dns_records: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("shop", "domain", "add", "north", HOST)
    name, _, value = capsys.readouterr().out.splitlines()[1].split(" ")
    with pytest.raises(CommandError, match=r"has the value"):
        call_command("shop", "domain", "verify", "north", HOST)
    dns_records[name.rstrip(".")] = value.strip('"')
    call_command("shop", "domain", "verify", "north", HOST)
    call_command("shop", "domain", "primary", "north", HOST)
    call_command("shop", "domain", "list", "north")
    assert capsys.readouterr().out == f"{HOST}\tprimary\n"
    call_command("shop", "domain", "remove", "north", HOST)
    assert not Domain.objects.exists()
    with pytest.raises(CommandError, match="needs a host"):
        call_command("shop", "domain", "add", "north")


def test_only_our_own_host_binds_its_subdomains_to_https(
    shops: tuple[Shop, Shop], now: datetime, settings: Settings
) -> None:
    settings.SECURE_HSTS_SECONDS = 1000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    give(shops[0], HOST, now)
    said = {
        host: Client(SERVER_NAME=host).get("/console/sign-in/", secure=True).headers.get("Strict-Transport-Security")
        for host in ("north.localhost", "localhost", HOST)
    }
    ours = "max-age=1000; includeSubDomains; preload"
    assert said == {"north.localhost": ours, "localhost": ours, HOST: "max-age=1000"}
    assert "Strict-Transport-Security" not in Client(SERVER_NAME=HOST).get("/console/sign-in/").headers
