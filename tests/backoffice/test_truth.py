"""What the pages say is so."""

from datetime import timedelta
from typing import Any

import pytest
from backoffice.advice import ADVICE
from django.urls import reverse
from django.utils import timezone
from staff.models import User

from billing import gateway
from billing.alerts import KINDS
from billing.models import Account, Alert, PlanOverride
from billing.services import give_plan
from billing.services.accounts import open_account
from tenants.models import Shop
from tenants.services import set_access
from tenants.transaction import tenant_transaction
from tests.backoffice.conftest import OPERATOR, list_deeds, sign_in
from tests.backoffice.test_shops import REASON, act
from tests.support.billing import connect, make_fake
from tests.support.shops import ShopClient


def page_of(client: ShopClient, table: str, key: Any) -> str:
    return client.get(reverse(f"admin:{table}_change", args=[key])).content.decode()


def test_every_kind_of_alert_comes_with_what_to_do(operator: User, shops: tuple[Shop, Shop]) -> None:
    assert set(ADVICE) == KINDS
    alert = Alert.objects.create(key="odd_price:1", kind="odd_price", detail="x", raised_at=timezone.now())
    assert "put it right at Stripe." in page_of(sign_in(), "billing_alert", alert.pk)


def test_a_plan_that_is_over_by_its_date_is_not_ended_again(operator: User, shops: tuple[Shop, Shop]) -> None:
    now, client = timezone.now(), sign_in()
    then = now - timedelta(days=9)
    give_plan(shop=shops[0], plan="scale", reason="a gift", operator=OPERATOR, until=now - timedelta(days=2), now=then)

    act(client, "end_plan", shops[0], reason=REASON)

    page = page_of(client, "tenants_shop", shops[0].pk)
    assert "No operator has given this shop a plan." in page
    assert PlanOverride.objects.get().ended_at is None
    assert not list_deeds().exists()


def test_a_plan_that_is_replaced_after_its_end_shows_its_own_end(operator: User, shops: tuple[Shop, Shop]) -> None:
    now, client = timezone.now(), sign_in()
    until = now - timedelta(days=2)
    given = {"shop": shops[0], "plan": "scale", "reason": "a gift", "operator": OPERATOR}
    give_plan(**given, until=until, now=now - timedelta(days=9))  # type: ignore[arg-type]
    give_plan(**given, until=None, now=now)  # type: ignore[arg-type]
    PlanOverride.objects.filter(until=until).update(ended_at=now)  # as it was once written down

    page = page_of(client, "tenants_shop", shops[0].pk)

    assert f"{now - timedelta(days=9):%Y-%m-%d} – {until:%Y-%m-%d} · {OPERATOR}" in page
    assert f"{now:%Y-%m-%d} – … · {OPERATOR}" in page


def test_a_shop_that_was_closed_by_hand_says_so_and_a_plan_does_not_open_it(
    operator: User, shops: tuple[Shop, Shop]
) -> None:
    set_access(shop=shops[0], access=Shop.Access.SUSPENDED)
    client = sign_in()
    assert "it stays closed whatever is paid" in page_of(client, "tenants_shop", shops[0].pk)
    assert "it stays closed whatever is paid" not in page_of(client, "tenants_shop", shops[1].pk)

    act(client, "give_plan", shops[0], plan="scale", reason=REASON)

    assert Shop.objects.get(pk=shops[0].pk).access == "suspended"
    assert "It stays closed: an operator closed it by hand." in page_of(client, "tenants_shop", shops[0].pk)


def test_support_who_enters_is_not_the_staffs_last_sign_in(operator: User, shops: tuple[Shop, Shop]) -> None:
    there = act(sign_in(), "enter", shops[0], reason=REASON)["HX-Redirect"]
    inside = ShopClient(shops[0])
    inside.get(there.partition("8000")[2])
    assert inside.get("/console/").status_code == 200
    with tenant_transaction(shops[0]):
        assert User.objects.get().last_login is None


def test_nothing_is_compared_for_who_never_began_to_pay(
    operator: User, shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    connected, now = connect(make_fake(timezone.now())), timezone.now()
    monkeypatch.setattr(gateway, "current", lambda: connected)
    account = open_account(shop=shops[0], trial_ends_at=now + timedelta(days=14), now=now)
    client = sign_in()

    client.post(
        reverse("admin:billing_account_synchronise", args=[account.pk]), {"_form_submitted": "True", "reason": REASON}
    )

    page = page_of(client, "billing_account", account.pk)
    assert "Stripe knows nothing of this shop: nobody has begun to pay for it." in page
    assert "Everything was as Stripe says." not in page
    assert Account.objects.get().customer_id is None


def test_resolving_promises_nothing_that_does_not_hold(operator: User, shops: tuple[Shop, Shop]) -> None:
    """A refund that a person has seen is not raised once more."""
    alert = Alert.objects.create(key="refunded:1", kind="refunded", detail="x", raised_at=timezone.now())
    client = sign_in()
    client.post(reverse("admin:billing_alert_resolve", args=[alert.pk]), {"_form_submitted": "True", "reason": REASON})
    page = page_of(client, "billing_alert", alert.pk)
    assert "Refunds and disputes are told once; what else comes back is a new alert." in page
