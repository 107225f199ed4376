from datetime import datetime, timedelta

import pytest
from coupons.services import claim_coupon
from django.utils import timezone
from joining.models import JoinLink
from members.models import MemberToken
from members.services import issue_token

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.conftest import ClientFor
from tests.member_portal.test_join_page import codes
from tests.support.coupons import make_batch, make_link, make_member
from tests.support.shops import ShopClient


@pytest.fixture
def now() -> datetime:
    """The present: pages tell the time themselves."""
    return timezone.now()


def device(shop: Shop, client_for: ClientFor, secret: str) -> ShopClient:
    phone = client_for(shop)
    phone.cookies["laxin_member"] = secret
    return phone


def test_an_empty_wallet_says_what_to_do(shop: Shop, client_for: ClientFor) -> None:
    response = client_for(shop).get("/wallet/")

    assert response.status_code == 200
    assert codes(response) == []
    assert 'class="box"' in response.content.decode()


def test_a_typed_number_does_not_open_the_members_other_coupons(
    shop: Shop, client_for: ClientFor, now: datetime
) -> None:
    member_id = make_member(now)
    old = claim_coupon(batch_id=make_batch(now), member_id=member_id, token_id=None, now=now)
    make_link(now, make_batch(now))
    stranger = client_for(shop)

    answer = stranger.post("/j/welcome", {"phone": "13800138000"})

    assert codes(stranger.get("/wallet/")) == codes(answer)
    assert old.code not in codes(answer)
    _, verified = issue_token(member_id=member_id, is_verified=True, now=now)
    assert set(codes(device(shop, client_for, verified).get("/wallet/"))) == {old.code, *codes(answer)}


def test_a_long_wallet_comes_in_pages(shop: Shop, client_for: ClientFor, now: datetime) -> None:
    member_id = make_member(now)
    batch_id = make_batch(now, per_member_limit=25)
    issued = [claim_coupon(batch_id=batch_id, member_id=member_id, token_id=None, now=now).code for _ in range(25)]
    phone = device(shop, client_for, issue_token(member_id=member_id, is_verified=True, now=now)[1])

    first = phone.get("/wallet/")
    link = first.content.decode().split('href="?after=')[1].split('"')[0]
    second = phone.get(f"/wallet/?after={link}")

    assert codes(first) + codes(second) == issued[::-1]
    assert phone.get("/wallet/?after=nonsense").status_code == 302


def test_a_token_opens_nothing_in_another_shop(shops: tuple[Shop, Shop], client_for: ClientFor, now: datetime) -> None:
    with tenant_transaction(shops[0]):
        member_id = make_member(now)
        claim_coupon(batch_id=make_batch(now), member_id=member_id, token_id=None, now=now)
        _, secret = issue_token(member_id=member_id, is_verified=True, now=now)

    assert len(codes(device(shops[0], client_for, secret).get("/wallet/"))) == 1
    assert codes(device(shops[1], client_for, secret).get("/wallet/")) == []


def test_to_be_forgotten_makes_the_token_worthless(shop: Shop, client_for: ClientFor, now: datetime) -> None:
    make_link(now, make_batch(now))
    phone = client_for(shop)
    phone.post("/j/welcome", {"phone": "13800138000"})
    secret = phone.cookies["laxin_member"].value

    response = phone.post("/wallet/leave")

    assert (response.status_code, response["Location"]) == (302, "/wallet/")
    assert phone.cookies["laxin_member"].value == ""
    assert MemberToken.objects.get().revoked_at is not None
    assert codes(device(shop, client_for, secret).get("/wallet/")) == []
    assert client_for(shop).post("/wallet/leave").status_code == 302


@pytest.mark.parametrize("path", ["/wallet/", "/j/welcome", "/j/second"])
def test_who_comes_back_after_two_months_keeps_the_wallet(
    shop: Shop, client_for: ClientFor, now: datetime, path: str
) -> None:
    make_link(now, make_batch(now))
    make_link(now, make_batch(now), code="second")
    phone = client_for(shop)
    phone.post("/j/welcome", {"phone": "13800138000"})
    secret = phone.cookies["laxin_member"].value
    MemberToken.objects.update(expires_at=now + timedelta(days=30))

    first, second = phone.get(path), phone.get(path)

    assert first.cookies["laxin_member"].value == secret
    assert first.cookies["laxin_member"]["max-age"] == 90 * 24 * 3600
    assert MemberToken.objects.get().expires_at > now + timedelta(days=89)
    assert "laxin_member" not in second.cookies


def test_to_be_forgotten_renews_nothing(shop: Shop, client_for: ClientFor, now: datetime) -> None:
    make_link(now, make_batch(now))
    phone = client_for(shop)
    phone.post("/j/welcome", {"phone": "13800138000"})
    MemberToken.objects.update(expires_at=now + timedelta(days=30))

    response = phone.post("/wallet/leave")

    assert response.cookies["laxin_member"].value == ""


def test_who_holds_the_coupon_of_a_link_that_is_over_is_led_to_the_wallet(
    shop: Shop, client_for: ClientFor, now: datetime
) -> None:
    make_link(now, make_batch(now))
    phone = client_for(shop)
    coupon = codes(phone.post("/j/welcome", {"phone": "13800138000"}))
    JoinLink.objects.update(closes_at=now - timedelta(days=1))

    shown, tried, wallet = phone.get("/j/welcome"), phone.post("/j/welcome"), phone.get("/wallet/")

    assert codes(shown) == codes(wallet) == coupon != []
    assert tried.status_code == 410
    for page in (shown, tried):
        assert 'href="/wallet/"' in page.content.decode()
