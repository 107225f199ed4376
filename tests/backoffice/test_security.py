"""Bad input, forged requests and sessions that should be over: nothing is done."""

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from staff.models import AuditEntry, User

from billing.models import PlanOverride
from tenants.models import Shop
from tenants.services import set_access
from tenants.transaction import tenant_transaction
from tests.backoffice.conftest import OPERATOR, list_deeds, sign_in
from tests.backoffice.test_shops import REASON, act
from tests.support.shops import PASSWORD, ShopClient


def enter(client: ShopClient, shop: Shop) -> str:
    """The path of the link that entering a shop gives."""
    return str(act(client, "enter", shop, reason=REASON)["HX-Redirect"]).partition("8000")[2]


def assert_nothing_was_done() -> None:
    assert not PlanOverride.objects.exists()
    assert not list_deeds().exists()


@pytest.mark.parametrize("reason", ["", " " * 40, "too short", "x" * 2000, "ten\0 characters"])
def test_a_reason_has_some_words_and_is_no_novel(operator: User, shops: tuple[Shop, Shop], reason: str) -> None:
    client = sign_in()
    for action in ("give_plan", "end_plan", "enter", "examine"):
        answer = act(client, action, shops[0], plan="scale", reason=reason)
        assert answer.status_code == 200
        assert "HX-Redirect" not in answer
    assert_nothing_was_done()


@pytest.mark.parametrize(
    ("field", "value"),
    [("plan", "gold"), ("plan", ""), ("until", "2020-01-01"), ("until", "9999-12-31"), ("until", "next week")],
)
def test_no_plan_is_given_for_what_makes_no_sense(
    operator: User, shops: tuple[Shop, Shop], field: str, value: str
) -> None:
    answer = act(sign_in(), "give_plan", shops[0], **{"plan": "scale", "reason": REASON, field: value})
    assert answer.status_code == 200
    assert "HX-Redirect" not in answer
    assert_nothing_was_done()


def test_a_plan_holds_to_the_end_of_its_last_day(operator: User, shops: tuple[Shop, Shop]) -> None:
    today, client = timezone.now().date(), sign_in()
    act(client, "give_plan", shops[0], plan="scale", until=str(today), reason=REASON)
    until = PlanOverride.objects.get().until
    assert until is not None
    assert (until.date(), until.hour) == (today + timedelta(days=1), 0)
    assert list_deeds().get().change_message == f"plan scale until {today}: {REASON}"
    page = client.get(reverse("admin:tenants_shop_change", args=[shops[0].pk])).content.decode()
    assert f"{today} – {today} · {OPERATOR}" in page
    given = PlanOverride.objects.get()
    for address in ("changelist", "change"):
        path = reverse(f"admin:billing_planoverride_{address}", args=[given.pk] if address == "change" else [])
        page = client.get(path).content.decode()
        assert str(today) in page, path
        assert f"{today + timedelta(days=1):%b. %-d}" not in page, path


def test_where_no_plan_was_given_none_is_ended(operator: User, shops: tuple[Shop, Shop]) -> None:
    client = sign_in()
    act(client, "end_plan", shops[0], reason=REASON)
    page = client.get(reverse("admin:tenants_shop_change", args=[shops[0].pk]))
    assert b"No operator has given this shop a plan." in page.content
    assert_nothing_was_done()


@pytest.mark.parametrize("key", ["999999", "abc", "9" * 30, "-1", "%00"])
def test_what_is_not_there_is_not_found(operator: User, db: None, key: str) -> None:
    client = sign_in()
    for path in (
        "tenants/shop/{}/enter/",
        "tenants/shop/{}/give_plan/",
        "tenants/shop/{}/end_plan/",
        "tenants/shop/{}/examine/",
        "billing/paymentevent/{}/retry/",
        "billing/alert/{}/resolve/",
        "billing/account/{}/synchronise/",
    ):
        answer = client.post(
            f"/backoffice/{path.format(key)}", {"_form_submitted": "True", "plan": "scale", "reason": REASON}
        )
        assert answer.status_code == 404, path
    assert client.get(f"/backoffice/tenants/shop/{key}/change/").status_code in {302, 404}
    assert_nothing_was_done()


def test_another_sites_form_does_nothing(operator: User, shops: tuple[Shop, Shop]) -> None:
    strict = ShopClient(None, enforce_csrf_checks=True)
    strict.cookies = sign_in().cookies
    for action in ("give_plan", "end_plan", "enter", "examine"):
        assert act(strict, action, shops[0], plan="scale", reason=REASON).status_code == 403
    assert_nothing_was_done()


def test_a_password_without_a_code_does_nothing(operator: User, shops: tuple[Shop, Shop]) -> None:
    client = ShopClient(None)
    client.post(reverse("account_login"), {"login": OPERATOR, "password": PASSWORD})
    for action in ("give_plan", "end_plan", "enter", "examine"):
        assert act(client, action, shops[0], plan="scale", reason=REASON).status_code == 302
    assert_nothing_was_done()


def test_a_code_opens_the_back_office_for_half_a_day(operator: User) -> None:
    client = sign_in()
    session: Any = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] = time.time() - 12 * 3600 - 1
    session.save()
    page = client.get("/backoffice/", follow=True)
    assert page.request["PATH_INFO"] == reverse("mfa_reauthenticate")


def test_nobody_is_led_to_another_site(operator: User) -> None:
    client = ShopClient(None)
    path = f"{reverse('account_login')}?next=https://evil.example/"
    answer = client.post(path, {"login": OPERATOR, "password": PASSWORD, "next": "https://evil.example/"}, follow=True)
    assert all("evil" not in address for address, _status in answer.redirect_chain)


def test_a_link_into_a_shop_works_once(operator: User, shops: tuple[Shop, Shop]) -> None:
    link = enter(sign_in(), shops[0])
    first, second = ShopClient(shops[0]), ShopClient(shops[0])
    first.get(link)
    assert first.get("/console/").status_code == 200
    second.get(link)
    assert second.get("/console/").status_code == 302


def test_a_link_into_a_shop_works_for_a_minute(
    operator: User, shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = enter(sign_in(), shops[0])
    late, in_a_minute = ShopClient(shops[0]), timezone.now() + timedelta(seconds=61)
    with monkeypatch.context() as clock:
        clock.setattr("django.utils.timezone.now", lambda: in_a_minute)
        late.get(link)
    assert late.get("/console/").status_code == 302
    with tenant_transaction(shops[0]):
        assert not AuditEntry.objects.filter(event="impersonation").exists()


def test_a_link_into_one_shop_opens_no_other(operator: User, shops: tuple[Shop, Shop]) -> None:
    link = enter(sign_in(), shops[0])
    stranger = ShopClient(shops[1])
    stranger.get(link)
    assert stranger.get("/console/").status_code == 302


def test_who_is_closed_is_out_of_the_shops_at_once(operator: User, shops: tuple[Shop, Shop]) -> None:
    User.objects.create_user("ben@laxin.example", PASSWORD, is_staff=True, is_superuser=True, language="en")
    ada, ben = sign_in(), sign_in("ben@laxin.example")
    inside, waiting, other = ShopClient(shops[0]), ShopClient(shops[1]), ShopClient(shops[0])
    inside.get(enter(ada, shops[0]))
    unused = enter(ada, shops[1])
    other.get(enter(ben, shops[0]))
    owner = ShopClient(shops[0])
    with tenant_transaction(shops[0]):
        person = User.objects.get(email="owner@north.example")
    owner.force_login(person)
    assert inside.get("/console/").status_code == 200

    call_command("operator", "close", OPERATOR)

    waiting.get(unused)
    assert inside.get("/console/").status_code == 302
    assert waiting.get("/console/").status_code == 302
    assert other.get("/console/").status_code == 200
    assert owner.get("/console/").status_code == 200


def test_a_suspended_shop_can_be_entered_and_says_that_it_is_closed(operator: User, shops: tuple[Shop, Shop]) -> None:
    set_access(shop=shops[0], access=Shop.Access.SUSPENDED)
    cache.clear()  # as the commit would
    inside = ShopClient(shops[0])
    inside.get(enter(sign_in(), shops[0]))
    assert inside.get("/console/").status_code == 403
    assert REASON in inside.get("/console/billing/").content.decode()
