"""Storefront keys: stored hashed, bound to origins, revocable."""

from datetime import datetime, timedelta

import pytest
from kernel.errors import InvalidInput, NotFound
from pytest_django import DjangoAssertNumQueries
from staff.models import ApiKey
from staff.selectors import get_api_key, list_api_keys
from staff.services import create_api_key, record_api_key_use, revoke_api_key

pytestmark = pytest.mark.usefixtures("shop")


def test_a_secret_key_is_found_by_its_secret_and_not_stored(
    now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key = create_api_key(name="ERP", kind="secret", origins=[], now=now)

    with django_assert_num_queries(1):
        found = get_api_key(secret=key.secret, now=now)

    assert found is not None
    assert (found.id, found.kind, found.public_key, found.prefix) == (key.id, "secret", "", key.secret[:12])
    assert key.secret.startswith("sk_")
    assert key.secret not in str(list(ApiKey.objects.values_list()))


def test_a_public_key_keeps_its_origins_once_each(now: datetime) -> None:
    origins = ["https://Shop.example/", "https://shop.example", " http://localhost:3000 ", ""]

    key = create_api_key(name="Web", kind="public", origins=origins, now=now)

    found = get_api_key(secret=key.secret, now=now)
    assert found is not None
    assert found.origins == ("https://shop.example", "http://localhost:3000")
    assert found.public_key == key.secret


def test_a_revoked_key_works_no_more(now: datetime) -> None:
    key = create_api_key(name="ERP", kind="secret", origins=[], now=now)

    revoke_api_key(key_id=key.id, now=now)
    revoke_api_key(key_id=key.id, now=now + timedelta(hours=1))

    assert get_api_key(secret=key.secret, now=now) is None
    assert ApiKey.objects.get(pk=key.id).revoked_at == now


def test_valid_keys_are_listed_before_revoked_ones(now: datetime) -> None:
    revoked, older, newer = (
        create_api_key(name=name, kind="public", origins=[], now=now) for name in ("revoked", "older", "newer")
    )
    revoke_api_key(key_id=revoked.id, now=now)

    assert [key.id for key in list_api_keys()] == [newer.id, older.id, revoked.id]


@pytest.mark.parametrize(
    ("name", "kind", "origins", "field"),
    [
        ("", "public", [], "name"),
        ("x" * 101, "public", [], "name"),
        ("Web", "root", [], "kind"),
        ("Web", "secret", ["https://shop.example"], "origins"),
        ("Web", "public", ["https://shop.example/path"], "origins"),
        ("Web", "public", ["*"], "origins"),
        ("Web", "public", ["javascript:alert(1)"], "origins"),
        ("Web", "public", [f"https://{n}.example" for n in range(21)], "origins"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    now: datetime, name: str, kind: str, origins: list[str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_api_key(name=name, kind=kind, origins=origins, now=now)

    assert refused.value.field == (field,)
    assert not ApiKey.objects.exists()


def test_an_unknown_key_cannot_be_revoked(now: datetime) -> None:
    with pytest.raises(NotFound):
        revoke_api_key(key_id=1, now=now)


def test_use_is_noted_once_in_ten_minutes(now: datetime, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    secret = create_api_key(name="Web", kind="public", origins=[], now=now).secret

    def use(at: datetime, statements: int) -> datetime | None:
        key = get_api_key(secret=secret, now=at)
        assert key is not None
        with django_assert_num_queries(statements):
            record_api_key_use(key=key, now=at)
        return ApiKey.objects.get().last_used_at

    assert use(now, statements=1) == now
    assert use(now + timedelta(minutes=9), statements=0) == now
    assert use(now + timedelta(minutes=10), statements=1) == now + timedelta(minutes=10)
