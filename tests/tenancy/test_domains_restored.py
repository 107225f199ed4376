"""What becomes of a shop's domains when it is restored from its archive: here, and in another installation."""

import io
import json
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from tenants.deletion import delete_shop
from tenants.domains import add_domain, find_slug_of_domain, list_domains, set_primary_domain
from tenants.models import Domain, Shop
from tenants.restore import restore_shop
from tests.tenancy.test_export_restore import export, members, pack

MAIN, OTHER, ASKED = "www.corner.example.com", "corner.example.com", "asked.example.com"


@pytest.fixture
def north(live_shops: tuple[Shop, Shop], now: datetime) -> Shop:
    """A shop with two domains of its own and one that it has only asked for."""
    north = live_shops[0]
    for host in (MAIN, OTHER, ASKED):
        add_domain(shop=north, host=host, now=now)
    north.domains.filter(host__in=[MAIN, OTHER]).update(verified_at=now)
    set_primary_domain(shop=north, host=MAIN)
    return north


def rows(shop: Shop) -> list[tuple[str, str, datetime | None, bool]]:
    return [(each.host, each.token, each.verified_at, each.is_primary) for each in list_domains(shop)]


def test_a_deleted_shop_gets_its_domains_back_as_they_were(north: Shop, now: datetime) -> None:
    before, archive = rows(north), export(north, now)
    assert find_slug_of_domain(MAIN) == ("north", MAIN)  # cached from now on
    delete_shop(shop=north, now=now)
    assert find_slug_of_domain(MAIN) is None
    restored = restore_shop(file=io.BytesIO(archive), now=now + timedelta(days=1)).shop
    assert rows(restored) == before
    assert find_slug_of_domain(OTHER) == ("north", MAIN)


def test_a_domain_that_another_shop_has_proven_since_stays_with_it(
    north: Shop, live_shops: tuple[Shop, Shop], now: datetime
) -> None:
    south, archive = live_shops[1], export(north, now)
    delete_shop(shop=north, now=now)
    add_domain(shop=south, host=MAIN, now=now)
    Domain.objects.filter(shop=south).update(verified_at=now)
    restored = restore_shop(file=io.BytesIO(archive), now=now).shop
    assert [(host, primary) for host, _, _, primary in rows(restored)] == [(ASKED, False), (OTHER, False)]
    assert find_slug_of_domain(MAIN) == ("south", "")


def test_a_copy_beside_the_shop_takes_nothing_from_it(north: Shop, now: datetime) -> None:
    before = rows(north)
    copy = restore_shop(file=io.BytesIO(export(north, now)), slug="north-copy", now=now).shop
    assert rows(north) == before
    assert [(host, verified_at) for host, _, verified_at, _ in rows(copy)] == [(ASKED, None)]


def test_a_shop_that_is_replaced_keeps_the_domains_of_today(north: Shop, now: datetime) -> None:
    archive = export(north, now)
    north.domains.filter(host=OTHER).delete()
    before = rows(north)
    restored = restore_shop(file=io.BytesIO(archive), replace=True, now=now).shop
    assert rows(restored) == before


def test_in_another_installation_they_must_be_proven_anew(north: Shop, now: datetime, settings: Settings) -> None:
    tokens, archive = {token for _, token, _, _ in rows(north)}, export(north, now)
    delete_shop(shop=north, now=now)
    settings.SECRET_KEY = "the key of another installation"
    restored = restore_shop(file=io.BytesIO(archive), now=now).shop
    assert [(host, verified_at, primary) for host, _, verified_at, primary in rows(restored)] == [
        (host, None, False) for host in (ASKED, OTHER, MAIN)
    ]
    assert not tokens & {token for _, token, _, _ in rows(restored)}
    assert find_slug_of_domain(MAIN) is None


def test_a_seal_holds_for_its_own_host_alone(north: Shop, now: datetime) -> None:
    files = members(export(north, now))
    header = json.loads(files["header.json"])
    header["domains"] = [{"host": "bank.example.com", "sealed": each["sealed"]} for each in header["domains"][:1]]
    delete_shop(shop=north, now=now)
    restored = restore_shop(file=pack({**files, "header.json": json.dumps(header).encode()}), now=now).shop
    assert [(host, verified_at) for host, _, verified_at, _ in rows(restored)] == [("bank.example.com", None)]
