import gzip
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from config.env import current
from coupons.models import Coupon
from coupons.services import set_batch_status
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from joining.models import Join, JoinLink
from joining.services import close_join_link
from members.models import Member, MemberToken

from tenants.models import Shop
from tests.conftest import ClientFor
from tests.support.coupons import make_batch, make_link
from tests.support.shops import ShopClient

MOST_BYTES = 6 * 1024
PHONE = {"phone": "138 0013 8000"}


@pytest.fixture
def now() -> datetime:
    """The present: pages tell the time themselves."""
    return timezone.now()


@pytest.fixture
def phone(shop: Shop, client_for: ClientFor) -> ShopClient:
    return client_for(shop)


def codes(response: Any) -> list[str]:
    return [code.replace(" ", "") for code in re.findall(r'class="code">([^<]+)<', response.content.decode())]


def test_the_page_is_small_whole_and_asks_nobody_else(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    for response in (phone.get("/j/welcome"), phone.post("/j/welcome", PHONE), phone.get("/wallet/")):
        text = response.content.decode()
        assert response.status_code == 200
        assert len(gzip.compress(response.content, 6)) <= MOST_BYTES
        assert not re.findall(r'(?:src|href)="(?!data:|/|\?)', text)
        assert not re.findall(r"<(?:link(?! rel=\"icon\")|script src|iframe)", text)
        assert response["Cache-Control"] == "private, no-store"


def test_the_form_asks_for_a_number_and_nothing_else(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    text = phone.get("/j/welcome").content.decode()

    main = text[text.index("<main") : text.index("</main")]
    fields = re.findall(r"<input (?!type=\"hidden\")[^>]*>", main)
    assert len(fields) == 1
    for wanted in ('type="tel"', 'inputmode="numeric"', 'autocomplete="tel-national"', 'name="phone"'):
        assert wanted in fields[0]
    assert main.count("<button") == 1
    assert "<script" not in text


def test_one_tap_brings_the_coupon_in_the_same_answer(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    response = phone.post("/j/welcome", PHONE)

    text = response.content.decode()
    coupon = Coupon.objects.get()
    assert response.status_code == 200
    assert codes(response) == [coupon.code]
    assert 'src="data:image/png;base64,' in text
    assert "40.00" in text
    assert (coupon.valid_until.astimezone(timezone.get_fixed_timezone(480))).strftime("%Y-%m-%d %H:%M") in text
    assert Join.objects.values_list("consent_version", flat=True).get() == "2026-11"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    cookie = phone.post("/j/welcome", PHONE).cookies["laxin_member"]

    assert (cookie["httponly"], cookie["samesite"], cookie["domain"], cookie["path"]) == (True, "Lax", "", "/")
    assert cookie["max-age"] == 90 * 24 * 3600
    assert bool(cookie["secure"]) is current().https


def test_a_join_is_few_statements_with_the_page_around_it(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    phone.get("/j/welcome")  # asks for the shop's logo, which is kept a minute

    with CaptureQueriesContext(connection) as statements:
        phone.post("/j/welcome", PHONE)

    own = [query["sql"] for query in statements if not re.match(r"(RELEASE )?SAVEPOINT", query["sql"])]
    assert len(own) == 8


def test_refresh_rescan_and_double_tap_show_the_same_coupon(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    first = codes(phone.post("/j/welcome", PHONE))

    seen = [phone.post("/j/welcome", PHONE), phone.get("/j/welcome"), phone.get("/j/WELCOME/"), phone.get("/wallet/")]

    assert [codes(response) for response in seen] == [first] * 4
    assert (Coupon.objects.count(), Member.objects.count(), MemberToken.objects.count()) == (1, 1, 1)


def test_a_double_tap_before_the_first_answer_is_one_coupon(
    phone: ShopClient, shop: Shop, client_for: ClientFor, now: datetime
) -> None:
    make_link(now, make_batch(now))
    other = client_for(shop)  # the same phone, whose first answer has not arrived: no cookie yet

    assert codes(phone.post("/j/welcome", PHONE)) == codes(other.post("/j/welcome", PHONE))
    assert Coupon.objects.count() == 1


def test_a_form_is_accepted_on_a_first_visit_and_refused_from_another_site(
    shop: Shop, client_for: ClientFor, now: datetime
) -> None:
    make_link(now, make_batch(now))
    strict = client_for(shop)
    strict.handler.enforce_csrf_checks = True
    text = strict.get("/j/welcome").content.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)[0]

    assert strict.post("/j/welcome", PHONE).status_code == 403
    assert not Member.objects.exists()
    answers = [strict.post("/j/welcome", {**PHONE, "csrfmiddlewaretoken": token}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert codes(answers[0]) == codes(answers[1]) != []


def test_a_member_takes_a_second_offer_without_typing(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    make_link(now, make_batch(now), code="second")
    phone.post("/j/welcome", PHONE)

    text = phone.get("/j/second").content.decode()
    assert "138****8000" in text
    assert 'name="phone"' not in text
    assert "13800138000" not in text
    assert len(codes(phone.post("/j/second"))) == 1

    assert len(codes(phone.get("/wallet/"))) == 2
    assert 'name="phone"' in phone.get("/j/second?other").content.decode()


@pytest.mark.parametrize("number", ["", "123", "call me", "010-62345678", "<b>1</b>"])
def test_a_bad_number_is_said_beside_the_field_and_kept_in_it(
    phone: ShopClient, shop: Shop, now: datetime, number: str
) -> None:
    make_link(now, make_batch(now))

    response = phone.post("/j/welcome", {"phone": number})

    text = response.content.decode()
    assert response.status_code == 422
    assert 'role="alert"' in text
    assert 'aria-invalid="true"' in text
    assert "<b>1</b>" not in text
    assert not Member.objects.exists()


def test_a_number_of_a_megabyte_does_not_come_back(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    response = phone.post("/j/welcome", {"phone": "9" * 1_000_000})

    assert response.status_code == 422
    assert f'value="{"9" * 40}"' in response.content.decode()
    assert len(response.content) < 10_000


def test_without_number_and_cookie_the_form_asks_for_the_number(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    phone.cookies["laxin_member"] = "expired-or-made-up"

    response = phone.post("/j/welcome")

    assert response.status_code == 422
    assert b'name="phone"' in response.content


def test_sold_out_joins_without_a_coupon(phone: ShopClient, shop: Shop, client_for: ClientFor, now: datetime) -> None:
    make_link(now, make_batch(now, total=1))
    client_for(shop).post("/j/welcome", {"phone": "13900139000"})

    before, answer = phone.get("/j/welcome"), phone.post("/j/welcome", PHONE)

    assert (before.status_code, answer.status_code) == (200, 200)
    assert codes(answer) == []
    assert Join.objects.filter(coupon=None).count() == 1
    assert "laxin_member" in answer.cookies
    assert codes(phone.get("/wallet/")) == []


def test_a_used_coupon_shows_no_code_to_scan(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    phone.post("/j/welcome", PHONE)
    Coupon.objects.update(status="redeemed")

    for path in ("/j/welcome", "/wallet/"):
        text = phone.get(path).content.decode()
        assert "data:image/png" not in text
        assert len(codes(phone.get(path))) == 1


def test_who_has_a_coupon_sees_it_after_the_link_has_closed(phone: ShopClient, shop: Shop, now: datetime) -> None:
    link_id = make_link(now, make_batch(now))
    coupon = codes(phone.post("/j/welcome", PHONE))
    close_join_link(link_id=link_id)

    assert codes(phone.get("/j/welcome")) == coupon
    assert phone.post("/j/welcome", PHONE).status_code == 410


@pytest.mark.parametrize(
    ("link", "status"),
    [
        ({"code": "other"}, 404),
        ({"status": "closed"}, 410),
        ({"closes_at": datetime(2026, 1, 1, tzinfo=UTC)}, 410),
        ({"opens_at": datetime(2096, 1, 1, 4, 30, tzinfo=UTC)}, 403),
    ],
)
def test_every_closed_way_is_a_friendly_page_with_a_next_step(
    phone: ShopClient, shop: Shop, now: datetime, link: dict[str, object], status: int
) -> None:
    make_link(now, make_batch(now))
    JoinLink.objects.update(**link)

    for response in (phone.get("/j/welcome"), phone.post("/j/welcome", PHONE)):
        text = response.content.decode()
        assert response.status_code == status
        assert "<h1>" in text
        assert 'class="box"' in text
        assert 'href="/wallet/"' in text
        assert len(gzip.compress(response.content, 6)) <= MOST_BYTES
    if status == 403:
        assert "2096-01-01 12:30" in text  # the shop's clock
    assert not Member.objects.exists()


def test_a_shop_that_takes_no_members_says_so_and_still_shows_coupons(
    phone: ShopClient, shop: Shop, client_for: ClientFor, now: datetime
) -> None:
    make_link(now, make_batch(now))
    coupon = codes(phone.post("/j/welcome", PHONE))
    shop.access = Shop.Access.READ_ONLY

    stranger = client_for(shop)
    assert stranger.get("/j/welcome").status_code == 403
    assert stranger.post("/j/welcome", PHONE).status_code == 403
    assert codes(phone.get("/j/welcome")) == coupon


def test_when_claims_are_paused_people_still_join(phone: ShopClient, shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now)
    make_link(now, batch_id)
    set_batch_status(batch_id=batch_id, active=False)

    assert phone.get("/j/welcome").status_code == 200
    assert codes(phone.post("/j/welcome", PHONE)) == []
    set_batch_status(batch_id=batch_id, active=True)
    assert len(codes(phone.post("/j/welcome"))) == 1


def test_the_page_speaks_the_shops_language_until_another_is_chosen(
    shops: tuple[Shop, Shop], client_for: ClientFor
) -> None:
    north = client_for(shops[0])

    for header in ("en", "fr", ""):
        assert 'lang="zh-hans"' in north.get("/wallet/", headers={"accept-language": header}).content.decode()
    north.post("/i18n/setlang/", {"language": "en", "next": "/wallet/"})
    assert 'lang="en"' in north.get("/wallet/").content.decode()
    assert 'lang="en"' in client_for(shops[1]).get("/wallet/", headers={"accept-language": "zh"}).content.decode()


def test_a_page_can_be_looked_at_but_not_written_to(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    assert phone.head("/j/welcome").status_code == 200
    assert phone.put("/j/welcome").status_code == 405
    assert phone.post("/wallet/").status_code == 405
    assert phone.get("/wallet/leave").status_code == 405


def test_looking_at_the_page_makes_nothing(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    for _ in range(3):
        phone.get("/j/welcome")

    assert not Member.objects.exists()
    assert "laxin_session" not in phone.cookies


def test_the_offer_is_dated_in_the_shops_time(phone: ShopClient, shop: Shop, now: datetime) -> None:
    ends = (now + timedelta(days=3)).replace(hour=16, minute=30)
    make_link(now, make_batch(now, valid_until=ends))

    local = (ends + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")
    assert local in phone.get("/j/welcome").content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_nul_in_the_code_is_an_unknown_code(shop: Shop, client_for: ClientFor, method: str) -> None:
    response = getattr(client_for(shop), method)("/j/wel%00come", {"phone": "13800138000"})

    assert response.status_code == 404


def test_without_scripts_the_coupon_is_reached_by_a_redirect(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    assert (
        '<noscript><input type="hidden" name="plain" value="1"></noscript>' in phone.get("/j/welcome").content.decode()
    )

    answer = phone.post("/j/welcome", {**PHONE, "plain": "1"})

    assert (answer.status_code, answer["Location"]) == (303, "/j/welcome")
    assert codes(phone.get("/j/welcome")) == [Coupon.objects.get().code]


def test_without_scripts_and_without_a_coupon_the_answer_says_why(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, None)

    answer = phone.post("/j/welcome", {**PHONE, "plain": "1"})

    assert answer.status_code == 200
    assert Member.objects.count() == 1


def test_the_front_of_a_shop_leads_to_its_open_link_and_to_the_wallet(
    phone: ShopClient, shop: Shop, now: datetime
) -> None:
    link_id = make_link(now, make_batch(now))

    text = phone.get("/").content.decode()
    assert shop.name in text
    assert 'href="/j/welcome"' in text
    assert 'href="/wallet/"' in text

    close_join_link(link_id=link_id)
    text = phone.get("/").content.decode()
    assert "/j/welcome" not in text
    assert 'href="/wallet/"' in text


def test_a_link_for_a_few_is_not_on_the_front_of_a_shop(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    make_link(now + timedelta(seconds=1), make_batch(now), code="staff-50")

    text = phone.get("/").content.decode()

    assert "/j/staff-50" not in text
    assert 'href="/j/welcome"' in text


def test_the_front_of_a_shop_that_takes_no_members_leads_to_the_wallet_alone(
    phone: ShopClient, shop: Shop, now: datetime
) -> None:
    make_link(now, None)
    shop.access = Shop.Access.READ_ONLY

    text = phone.get("/").content.decode()

    assert "/j/welcome" not in text
    assert 'href="/wallet/"' in text


def test_a_full_shop_says_so_and_lets_its_members_in(phone: ShopClient, shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    first = codes(phone.post("/j/welcome", PHONE))
    shop.limits = {"members": 1}

    refused = ShopClient(shop).post("/j/welcome", {"phone": "13900139000"})

    assert refused.status_code == 403
    assert "本店暂时不能接收新会员" in refused.content.decode()
    assert Member.objects.count() == Join.objects.count() == 1
    assert codes(ShopClient(shop).post("/j/welcome", PHONE)) == first


def test_beyond_the_limit_of_a_network_the_form_says_when_to_try_again_and_keeps_the_number(
    phone: ShopClient, shop: Shop, now: datetime, settings: Any
) -> None:
    make_link(now, make_batch(now))
    settings.ACCOUNT_RATE_LIMITS = {"join": "1/d/ip"}
    assert phone.post("/j/welcome", PHONE).status_code == 200

    refused, known = ShopClient(shop).post("/j/welcome", {"phone": "139 0013 9000"}), phone.post("/j/welcome")

    text = refused.content.decode()
    assert (refused.status_code, known.status_code) == (429, 429)
    assert 0 < int(refused["Retry-After"]) <= 24 * 3600
    assert 'value="139 0013 9000"' in text
    assert 'role="alert"' in text
    assert "aria-invalid" not in text
    assert "138****8000" in known.content.decode()
    assert Member.objects.count() == Coupon.objects.count() == 1
    assert codes(phone.get("/j/welcome")) == [Coupon.objects.get().code]
    assert ShopClient(shop).post("/j/nowhere", PHONE).status_code == 404
