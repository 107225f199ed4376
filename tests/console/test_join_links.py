"""Join links in the console: address, pictures, and who came."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from coupons.models import Batch
from coupons.services import create_batch, set_batch_status
from coupons.types import BatchInput
from django.utils import timezone
from joining.models import JoinLink
from joining.services import join_member

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import ShopClient

GOOD = {"name": "收银台", "code": "till", "channel": "store", "batch": "", "opens_at": "", "closes_at": ""}


def test_a_link_is_made_with_its_coupon(client: ShopClient, north: Shop, batch_id: UUID) -> None:
    response = client.post("/console/join-links/new/", GOOD | {"batch": str(batch_id)}, follow=True)

    with tenant_transaction(north):
        link = JoinLink.objects.get()
    assert (link.code, link.name, link.channel, link.batch_id) == ("till", "收银台", "store", batch_id)
    assert "http://north.localhost/j/till" in response.content.decode()


def test_the_way_from_a_coupon_chooses_it(client: ShopClient, batch_id: UUID) -> None:
    page = client.get(f"/console/join-links/new/?batch={batch_id}").content.decode()

    assert f'<option value="{batch_id}" selected>' in page


def test_the_newest_coupon_that_can_be_claimed_is_chosen_beforehand(
    client: ShopClient, north: Shop, batch_id: UUID
) -> None:
    data = BatchInput(name="Later", kind="amount", amount_minor=1, total=5, valid_days=3)
    with tenant_transaction(north):
        older = create_batch(data=data, now=timezone.now() - timedelta(days=2))
        paused = create_batch(data=data, now=timezone.now() + timedelta(minutes=1))
        set_batch_status(batch_id=paused, active=False)

    form = client.get("/console/join-links/new/").context["form"]
    chosen_by_hand = client.get(f"/console/join-links/new/?batch={older}").context["form"]

    assert (form["batch"].value(), chosen_by_hand["batch"].value()) == (batch_id, older)


def test_a_coupon_beyond_the_newest_is_chosen_and_given_all_the_same(
    client: ShopClient, north: Shop, batch_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.views.join_links.MAX_CHOICES", 1)
    with tenant_transaction(north):
        data = BatchInput(name="Later", kind="amount", amount_minor=1, total=5, valid_days=3)
        create_batch(data=data, now=timezone.now() + timedelta(minutes=1))
    address = f"/console/join-links/new/?batch={batch_id}"

    assert f'<option value="{batch_id}" selected>' in client.get(address).content.decode()
    client.post(address, GOOD | {"batch": str(batch_id)})

    with tenant_transaction(north):
        assert JoinLink.objects.get().batch_id == batch_id


def test_a_coupon_that_is_over_is_offered_for_no_link(client: ShopClient, north: Shop, batch_id: UUID) -> None:
    client.cookies["laxin_language"] = "en"
    address = f"/console/join-links/new/?batch={batch_id}"
    assert address in client.get(f"/console/coupons/{batch_id}/").content.decode()
    with tenant_transaction(north):
        Batch.objects.update(claim_until=timezone.now() - timedelta(minutes=1))

    page = client.get(address)

    assert address not in client.get(f"/console/coupons/{batch_id}/").content.decode()
    assert "The coupon “新人券” is over: a link cannot give it." in page.content.decode()
    assert str(batch_id) not in str(page.context["form"]["batch"])
    assert client.get("/console/join-links/new/?batch=x").status_code == 200


def test_a_link_that_gives_nothing_says_so_and_one_that_does_is_silent(client: ShopClient, link_id: UUID) -> None:
    client.cookies["laxin_language"] = "en"
    bare = client.post("/console/join-links/new/", GOOD | {"code": "bare"}, follow=True).content.decode()

    assert "Who joins here gets no coupon." in bare
    assert "hang it up" not in bare
    assert 'href="/console/coupons/new/"' in bare
    assert "gets no coupon" not in client.get(f"/console/join-links/{link_id}/").content.decode()


def test_without_an_end_of_the_address_one_is_made_up(client: ShopClient, north: Shop) -> None:
    client.post("/console/join-links/new/", GOOD | {"code": ""})

    with tenant_transaction(north):
        assert len(JoinLink.objects.get().code) == 8


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"code": "no spaces"}, "code"),
        ({"code": "TILL"}, "code"),
        ({"batch": "0190a0a0-0000-7000-8000-000000000000"}, "batch"),
        ({"closes_at": "2001-01-01T00:00"}, "closes_at"),
        ({"opens_at": "0001-01-01T00:00"}, "opens_at"),
        ({"closes_at": "9999-12-31T23:59"}, "closes_at"),
    ],
)
def test_a_link_with_a_fault_is_not_made(
    client: ShopClient, north: Shop, link_id: UUID, changes: dict[str, str], field: str
) -> None:
    response = client.post("/console/join-links/new/", GOOD | {"code": "other"} | changes)

    assert list(response.context["form"].errors) == [field]
    with tenant_transaction(north):
        assert JoinLink.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "content_type", "start"),
    [
        ("qr.svg", "image/svg+xml", b"<svg"),
        ("qr.png", "image/png", b"\x89PNG"),
        ("poster.pdf", "application/pdf", b"%PDF"),
        ("poster.png", "image/png", b"\x89PNG"),
    ],
)
def test_code_and_poster_are_shown_and_downloaded(
    client: ShopClient, link_id: UUID, kind: str, content_type: str, start: bytes
) -> None:
    shown = client.get(f"/console/join-links/{link_id}/{kind}")
    saved = client.get(f"/console/join-links/{link_id}/{kind}?save=1")

    assert (shown.status_code, shown["Content-Type"]) == (200, content_type)
    assert shown.content.startswith(start)
    assert "Content-Disposition" not in shown
    assert saved["Content-Disposition"] == f'attachment; filename="till-{kind}"'


def test_a_join_appears_in_the_part_that_the_page_asks_for_again(
    client: ShopClient, north: Shop, link_id: UUID
) -> None:
    before = client.get(f"/console/join-links/{link_id}/news/").content.decode()
    with tenant_transaction(north):
        joined = join_member(
            code="till",
            phone="13812348000",
            region="CN",
            token_secret=None,
            consent_version="1",
            now=timezone.now(),
        )

    seen = re.findall("seen=([0-9]+)", before)
    after = client.get(f"/console/join-links/{link_id}/news/?seen={seen[0]}").content.decode()
    later = client.get(f"/console/join-links/{link_id}/news/?seen={re.findall('seen=([0-9]+)', after)[0]}")

    assert joined.coupon is not None
    assert "138****8000" not in before
    assert "138****8000" in after
    assert joined.coupon.code in after
    assert "<html" not in after
    assert (later.status_code, later.content) == (204, b"")


def test_a_link_is_closed_and_opened_again(client: ShopClient, link_id: UUID) -> None:
    def get_state() -> str:
        state: str = client.get(f"/console/join-links/{link_id}/").context["link"].state
        return state

    assert get_state() == "open"
    client.post(f"/console/join-links/{link_id}/status/", {"open": "no"})
    assert get_state() == "closed"
    client.post(f"/console/join-links/{link_id}/status/", {"open": "yes"})
    assert get_state() == "open"


def test_a_link_is_put_on_the_front_page_and_taken_off(client: ShopClient, north: Shop, link_id: UUID) -> None:
    def is_on() -> bool:
        with tenant_transaction(north):
            return JoinLink.objects.values_list("on_front_page", flat=True).get(pk=link_id)

    seen = [is_on()]
    for front in ("no", "yes"):
        page = client.get(f"/console/join-links/{link_id}/").content.decode()
        assert f'name="front" value="{front}"' in page
        client.post(f"/console/join-links/{link_id}/status/", {"front": front})
        seen.append(is_on())

    assert seen == [True, False, True]
    assert client.get(f"/console/join-links/{link_id}/").context["link"].state == "open"


def test_a_further_link_is_for_those_who_are_told_unless_ticked(client: ShopClient, north: Shop, link_id: UUID) -> None:
    assert client.get("/console/join-links/new/").context["form"]["on_front_page"].value() is False
    client.post("/console/join-links/new/", GOOD | {"code": "staff"})
    client.post("/console/join-links/new/", GOOD | {"code": "all", "on_front_page": "on"})
    with tenant_transaction(north):
        JoinLink.objects.filter(code="till").update(on_front_page=False)
        shown = JoinLink.objects.filter(on_front_page=True)
        assert list(shown.values_list("code", flat=True)) == ["all"]
        shown.update(status="closed")

    assert client.get("/console/join-links/new/").context["form"]["on_front_page"].value() is True


def test_a_paused_coupon_can_still_be_chosen(client: ShopClient, north: Shop, batch_id: UUID) -> None:
    with tenant_transaction(north):
        Batch.objects.update(status="paused")

    assert str(batch_id) in client.get("/console/join-links/new/").content.decode()


@pytest.mark.parametrize("name", ["-" * 36, "0" * 36, "0190a0a0-0000-7000-8000-000000000000"])
def test_the_picture_of_no_link_is_no_such_page(client: ShopClient, name: str) -> None:
    assert client.get(f"/console/join-links/{name}/qr.svg").status_code == 404
