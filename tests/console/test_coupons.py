"""Making coupons in the console."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from coupons.models import Batch
from coupons.services import claim_coupon
from django.utils import timezone
from members.services import get_or_create_member

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import ShopClient

GOOD = {
    "name": "新人券",
    "kind": "amount",
    "amount": "8",
    "percent": "",
    "rate_unit": "zhe",
    "minimum_spend": "40.00",
    "total": "100",
    "per_member_limit": "1",
    "validity": "days",
    "valid_days": "30",
    "valid_until": "",
    "claim_from": "",
    "claim_until": "",
}


def make(client: ShopClient, shop: Shop, **changes: str) -> tuple[Batch, dict[str, Any]]:
    """The batch and the promotion document that a form makes."""
    response = client.post("/console/coupons/new/", GOOD | changes)
    assert response.status_code == 302, response.context["form"].errors
    with tenant_transaction(shop):
        batch = Batch.objects.get()
        document = batch.promotion.versions.get().document
    assert response["Location"] == f"/console/coupons/{batch.pk}/"
    return batch, document


def errors_of(client: ShopClient, shop: Shop, **changes: str) -> dict[str, Any]:
    """The faults of a form that makes nothing."""
    response = client.post("/console/coupons/new/", GOOD | changes)
    assert response.status_code == 200
    with tenant_transaction(shop):
        assert not Batch.objects.exists()
    form = response.context["form"]
    for name, typed in changes.items():
        assert form[name].value() == typed
    return dict(form.errors)


def test_an_amount_off_from_a_minimum(client: ShopClient, north: Shop) -> None:
    batch, document = make(client, north)

    assert (batch.name, batch.total, batch.per_member_limit, batch.valid_days) == ("新人券", 100, 1, 30)
    assert document["when"] == {"fact": "subtotal", "op": "gte", "value": 4000}
    assert document["then"] == [{"type": "amount_off", "amount": 800, "scope": {}}]


@pytest.mark.parametrize(
    ("unit", "typed", "points"), [("zhe", "8.5", 1500), ("zhe", "8.5折", 1500), ("off", "15", 1500), ("off", "0.5", 50)]
)
def test_a_share_is_asked_for_in_the_words_of_the_language(
    client: ShopClient, north: Shop, unit: str, typed: str, points: int
) -> None:
    _, document = make(client, north, kind="percent", rate_unit=unit, percent=typed, amount="")

    assert document["then"] == [{"type": "percent_off", "percent_bp": points, "scope": {}}]


def test_the_form_asks_in_zhe_in_chinese_and_in_percent_off_in_english(client: ShopClient) -> None:
    chinese = client.get("/console/coupons/new/")
    client.cookies["laxin_language"] = "en"
    english = client.get("/console/coupons/new/")

    assert 'name="rate_unit" value="zhe"' in chinese.content.decode()
    assert 'name="rate_unit" value="off"' in english.content.decode()


@pytest.mark.parametrize(
    ("unit", "typed"),
    [
        *[("zhe", "85"), ("zhe", "0"), ("zhe", "10"), ("off", "100"), ("off", "x"), ("off", "."), ("off", "%")],
        *[("off", "1e1"), ("off", "nan"), ("off", "1e999999"), ("zhe", "-1e999999"), ("off", "1" * 21)],
    ],
)
def test_a_share_that_makes_no_sense_is_refused(client: ShopClient, north: Shop, unit: str, typed: str) -> None:
    assert list(errors_of(client, north, kind="percent", rate_unit=unit, percent=typed)) == ["percent"]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": "", "amount": "", "total": "0", "per_member_limit": "x", "valid_days": ""}, None),
        ({"amount": "-1"}, ["amount"]),
        ({"amount": "1.234"}, ["amount"]),
        ({"amount": "¥"}, ["amount"]),
        ({"minimum_spend": "forty"}, ["minimum_spend"]),
        ({"kind": "percent", "percent": ""}, ["percent"]),
        ({"validity": "until", "valid_until": ""}, ["valid_until"]),
        ({"validity": "until", "valid_until": "2001-01-01T00:00"}, ["valid_until"]),
        ({"claim_from": "2091-01-02T00:00", "claim_until": "2091-01-01T00:00"}, ["claim_until"]),
    ],
)
def test_every_fault_is_shown_and_what_was_typed_is_kept(
    client: ShopClient, north: Shop, changes: dict[str, str], fields: list[str] | None
) -> None:
    assert set(errors_of(client, north, **changes)) == set(fields or changes)


def test_what_stands_in_a_hidden_field_does_not_count(client: ShopClient, north: Shop) -> None:
    batch, document = make(client, north, kind="percent", percent="9", amount="x", valid_until="x")

    assert document["then"] == [{"type": "percent_off", "percent_bp": 1000, "scope": {}}]
    assert batch.valid_until is None


def test_dates_are_those_of_the_shops_clock(client: ShopClient, north: Shop) -> None:
    batch, _ = make(
        client, north, validity="until", valid_until="2091-12-31T23:59", valid_days="", claim_from="2091-01-01T08:00"
    )

    shanghai = ZoneInfo("Asia/Shanghai")
    assert batch.valid_until == datetime(2091, 12, 31, 23, 59, tzinfo=shanghai)
    assert batch.claim_from == datetime(2091, 1, 1, 8, 0, tzinfo=shanghai)


def test_the_example_echoes_a_price(client: ShopClient) -> None:
    def example(**changes: str) -> str:
        return client.get("/console/coupons/example/", GOOD | changes).content.decode()

    assert "¥100.00 → ¥92.00" in example()
    assert "¥100.00 → ¥85.00" in example(kind="percent", percent="8.5")
    assert "¥200.00 → ¥192.00" in example(minimum_spend="200")
    assert "→" not in example(amount="x")
    assert "→" not in example(kind="percent", rate_unit="off", percent="1e999999")


def test_the_page_of_a_coupon_shows_who_has_it_with_masked_numbers(
    client: ShopClient, north: Shop, batch_id: UUID
) -> None:
    now = timezone.now()
    with tenant_transaction(north):
        member_id, _ = get_or_create_member(phone_e164="+8613812348000", now=now)
        coupon = claim_coupon(batch_id=batch_id, member_id=member_id, token_id=None, now=now)

    page = client.get(f"/console/coupons/{batch_id}/").content.decode()

    assert coupon.code in page
    assert "138****8000" in page
    assert "13812348000" not in page


def test_a_coupon_is_paused_and_resumed(client: ShopClient, north: Shop, batch_id: UUID) -> None:
    def get_state() -> str:
        state: str = client.get(f"/console/coupons/{batch_id}/").context["batch"].state
        return state

    assert get_state() == "open"
    client.post(f"/console/coupons/{batch_id}/status/", {"active": "no"})
    assert get_state() == "paused"
    client.post(f"/console/coupons/{batch_id}/status/", {"active": "yes"})
    assert get_state() == "open"


@pytest.mark.parametrize("field", ["claim_from", "claim_until", "valid_until"])
@pytest.mark.parametrize("typed", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_date_that_could_not_be_shown_is_refused(client: ShopClient, north: Shop, field: str, typed: str) -> None:
    changes = {field: typed, "validity": "until" if field == "valid_until" else "days"}

    assert list(errors_of(client, north, **changes)) == [field]
    assert client.get("/console/coupons/").status_code == 200
