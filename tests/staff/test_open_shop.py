"""Opening a shop: every fault at once, all or nothing."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from kernel.ids import hash_secret
from staff import services
from staff.errors import ShopRefused
from staff.models import ApiKey, User
from staff.services import open_shop

from tenants.models import Shop
from tenants.transaction import tenant_transaction

GOOD: dict[str, Any] = {
    "slug": "corner",
    "name": "Corner Grocery",
    "email": "Li@Corner.Example",
    "password": "orange-bicycle-7",
    "language": "en",
}


def count_schemas() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%'")
        return int(cursor.fetchone()[0])


def faults_of(**changes: Any) -> dict[str, str]:
    """What `open_shop` refuses of the good example with changes: code by field."""
    with pytest.raises(ShopRefused) as refused:
        open_shop(**{**GOOD, **changes}, now=datetime.fromisoformat("2026-03-04T12:00Z"))
    return {".".join(fault.field): fault.code for fault in refused.value.faults}


@pytest.mark.usefixtures("shops")
def test_a_shop_opens_with_its_owner_and_a_storefront_key(now: datetime) -> None:
    opened = open_shop(**GOOD, now=now)

    assert (opened.shop.slug, opened.shop.name, opened.shop.currency) == ("corner", "Corner Grocery", "USD")
    with tenant_transaction(opened.shop):
        owner = User.objects.get()
        key = ApiKey.objects.get()
    assert (owner.pk, owner.email, owner.role, owner.language) == (opened.user_id, "li@corner.example", "owner", "en")
    assert owner.check_password("orange-bicycle-7")
    assert (key.kind, key.public_key) == ("public", opened.storefront_key)
    assert key.key_hash == hash_secret(opened.storefront_key)
    assert opened.storefront_key.startswith("pk_")


@pytest.mark.usefixtures("shops")
def test_every_fault_is_reported_at_once() -> None:
    faults = faults_of(slug="north", name=" ", email="li@", password="12345", language="fr")

    assert faults == {
        "slug": "SLUG_TAKEN",
        "name": "INVALID",
        "email": "EMAIL_INVALID",
        "password": "PASSWORD_WEAK",
        "language": "INVALID",
    }


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("ab", "SLUG_INVALID"),
        ("a" * 41, "SLUG_INVALID"),
        ("-corner", "SLUG_INVALID"),
        ("corner_shop", "SLUG_INVALID"),
        ("拉新小店", "SLUG_INVALID"),
        ("www", "SLUG_RESERVED"),
        ("north", "SLUG_TAKEN"),
        ("NORTH", "SLUG_TAKEN"),
    ],
)
def test_a_bad_slug_is_refused(slug: str, code: str) -> None:
    assert faults_of(slug=slug) == {"slug": code}


@pytest.mark.usefixtures("shops")
def test_a_password_like_the_address_or_too_long_is_refused() -> None:
    assert faults_of(password="li@corner.exampl") == {"password": "PASSWORD_WEAK"}
    assert faults_of(password="x7" * 65) == {"password": "PASSWORD_WEAK"}


@pytest.mark.usefixtures("shops")
def test_a_failure_half_way_leaves_nothing(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = count_schemas()

    def fail(**_: Any) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(services, "create_api_key", fail)

    with pytest.raises(RuntimeError):
        open_shop(**GOOD, now=now)

    assert not Shop.objects.filter(slug="corner").exists()
    assert count_schemas() == schemas
