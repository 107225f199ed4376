"""What an operator sees and does to a shop."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, transaction
from django.urls import reverse
from staff.models import AuditEntry, User

from billing.models import Account, PlanOverride
from billing.services import open_shop_on_trial
from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction
from tests.backoffice.conftest import OPERATOR, list_deeds, sign_in
from tests.support.shops import PASSWORD, ShopClient

REASON = "ticket 4711: asked by phone"


def act(client: ShopClient, action: str, shop: Shop, **fields: Any) -> Any:
    """Fill in the dialog of an action."""
    path = f"{reverse('admin:tenants_shop_changelist')}{shop.pk}/{action}/"
    return client.post(path, {"_form_submitted": "True", **fields})


@pytest.fixture
def trial_shop(shops: tuple[Shop, Shop]) -> Shop:
    """A shop that signed up on the public site."""
    opened = open_shop_on_trial(
        slug="corner",
        name="Corner",
        email="eve@corner.example",
        password=PASSWORD,
        language="en",
        industry="",
        now=datetime.now(UTC),
    )
    return opened.shop


def test_the_page_of_a_shop_tells_what_it_pays_and_uses(operator: User, trial_shop: Shop) -> None:
    page = sign_in().get(reverse("admin:tenants_shop_change", args=[trial_shop.pk]))
    facts = page.context["facts"]
    assert (facts.account.status, facts.missing, facts.unknown) == ("", [], [])
    assert {use.name: (use.used, use.allowed) for use in facts.uses}["staff accounts"] == (1, 15)


def test_a_plan_is_given_with_a_reason_and_ended_again(operator: User, trial_shop: Shop) -> None:
    client = sign_in()
    act(client, "give_plan", trial_shop, plan="scale", until="", reason=REASON)
    assert get_shop(slug="corner").plan == "scale"
    assert [(each.plan, each.reason, each.operator) for each in PlanOverride.objects.all()] == [
        ("scale", REASON, OPERATOR)
    ]
    act(client, "end_plan", trial_shop, reason=REASON)
    assert get_shop(slug="corner").plan == "trial"
    assert list(list_deeds().values_list("object_id", "change_message")) == [
        (str(trial_shop.pk), f"plan scale: {REASON}"),
        (str(trial_shop.pk), f"end: {REASON}"),
    ]


@pytest.mark.parametrize("fields", [{}, {"reason": ""}, {"reason": "short"}])
def test_nothing_is_done_without_a_reason(operator: User, trial_shop: Shop, fields: dict[str, str]) -> None:
    act(sign_in(), "give_plan", trial_shop, plan="scale", **fields)
    assert get_shop(slug="corner").plan == "trial"
    assert not list_deeds().exists()


def test_looking_at_a_dialog_does_nothing(operator: User, trial_shop: Shop) -> None:
    path = f"{reverse('admin:tenants_shop_changelist')}{trial_shop.pk}/give_plan/?plan=scale&reason={REASON}"
    assert sign_in().get(path).status_code == 200
    assert get_shop(slug="corner").plan == "trial"


def test_an_operator_who_may_only_look_changes_nothing(operator: User, trial_shop: Shop) -> None:
    User.objects.filter(pk=operator.pk).update(is_superuser=False)
    client = sign_in()
    assert client.get(reverse("admin:tenants_shop_change", args=[trial_shop.pk])).status_code == 200
    for action in ("give_plan", "end_plan", "enter", "examine"):
        assert act(client, action, trial_shop, plan="scale", reason=REASON).status_code == 403
    assert Account.objects.filter(shop=trial_shop, overrides__isnull=True).exists()


def test_entering_a_shop_stands_in_both_logs_and_ends_soon(operator: User, shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    there = act(sign_in(), "enter", north, reason=REASON)["HX-Redirect"]
    assert there.startswith("http://north.localhost")
    client = ShopClient(north)
    assert client.get(there.partition("8000")[2]).status_code == 302
    with tenant_transaction(north):
        assert client.session["operator"] == {"name": OPERATOR, "reason": REASON}
        assert client.session.get_expiry_age() <= 30 * 60
        entry = AuditEntry.objects.get(event="impersonation")
        assert (entry.actor, entry.after) == (
            f"operator:{OPERATOR}",
            {"reason": REASON, "as": "owner@north.example"},
        )
    assert REASON in client.get("/console/", follow=True).content.decode()
    for personal in ("/console/security/", "/console/security/codes/", "/console/security/password/"):
        assert client.get(personal).status_code == 403
    with tenant_transaction(south):
        assert not AuditEntry.objects.exists()
    assert list_deeds().get().change_message == f"enter: {REASON}"


def test_examining_a_shop_says_that_all_is_in_order(operator: User, shops: tuple[Shop, Shop]) -> None:
    client = sign_in()
    act(client, "examine", shops[0], reason=REASON)
    page = client.get(reverse("admin:tenants_shop_change", args=[shops[0].pk]))
    assert b"Everything is in order." in page.content


def test_examining_a_shop_stands_in_both_logs(operator: User, shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    act(sign_in(), "examine", north, reason=REASON)
    with tenant_transaction(north):
        entry = AuditEntry.objects.get()
        assert (entry.event, entry.actor, entry.actor_name) == ("examination", f"operator:{OPERATOR}", OPERATOR)
        assert entry.after == {"reason": REASON}
    with tenant_transaction(south):
        assert not AuditEntry.objects.exists()
    assert list_deeds().get().change_message == f"examine 0 findings: {REASON}"


def test_nobody_examines_a_shop_whose_log_does_not_say_so(
    operator: User, shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As before it is migrated: its log cannot be written, or its tables cannot be read."""

    def fail(**_: Any) -> None:
        raise DatabaseError("relation does not exist")

    client = sign_in()
    for target in ("backoffice.shop_admin.record_event", "backoffice.shop_admin.examine_shop"):
        with monkeypatch.context() as broken:
            broken.setattr(target, fail)
            assert act(client, "examine", shops[0], reason=REASON).status_code == 200
            page = client.get(reverse("admin:tenants_shop_change", args=[shops[0].pk])).content.decode()
        assert "Its tables cannot be read before it is migrated." in page
        assert "Everything is in order." not in page
    assert set(list_deeds().values_list("change_message", flat=True)) == {f"examine: {REASON}"}


def test_the_log_of_operators_takes_no_change(operator: User, trial_shop: Shop) -> None:
    act(sign_in(), "give_plan", trial_shop, plan="scale", reason=REASON)
    for change in (lambda: LogEntry.objects.update(change_message=""), LogEntry.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_shops_are_found_by_plan_and_access(operator: User, trial_shop: Shop) -> None:
    client, path = sign_in(), reverse("admin:tenants_shop_changelist")
    found = {query: client.get(path + query).context["cl"].result_count for query in ("", "?plan=trial", "?plan=-")}
    assert found == {"": 3, "?plan=trial": 1, "?plan=-": 2}
    assert client.get(f"{path}?access__exact=suspended").context["cl"].result_count == 0
    assert client.get(f"{path}?q=corner").context["cl"].result_count == 1
