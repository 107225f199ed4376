"""Background tasks, commands and operators in a shop's audit log; and who acts, wherever the transaction goes."""

from datetime import datetime, timedelta

import pytest
from celery import shared_task
from coupons.models import Coupon
from coupons.services import claim_coupon
from coupons.tasks import expire_coupons
from django.core.management import call_command
from staff.audit import Filter, list_entries
from staff.models import AuditEntry, User

from billing.services import end_override, give_plan
from billing.services.accounts import open_account
from billing.services.standing import apply_standing
from tenants.actor import Actor, acting, command_actor
from tenants.models import Shop
from tenants.shell import enter_shop
from tenants.tasks import PublicTask, enqueue_for_shop
from tenants.transaction import act_as, find_actor, outside, tenant_transaction
from tests.support.coupons import make_batch, make_member

CHEN = Actor(id="staff:1", name="chen@north.example", ip="10.1.2.3", user_agent='O\'Neil\\ "1"', path="/console/")


@pytest.fixture
def north(shops: tuple[Shop, Shop]) -> Shop:
    return shops[0]


def read_log(shop: Shop) -> list[tuple[str, str, str, str, str]]:
    with tenant_transaction(shop):
        columns = ("actor", "actor_name", "event", "subject", "label")
        return list(AuditEntry.objects.order_by("pk").values_list(*columns))


def rename(name: str) -> None:
    User.objects.update(name=name)


@shared_task(ignore_result=True)
def rename_everybody(name: str) -> None:
    rename(name)


@shared_task(base=PublicTask, ignore_result=True)
def give_everybody_a_plan(shop_id: int, now: str) -> None:
    give(Shop.objects.get(pk=shop_id), datetime.fromisoformat(now))


def give(shop: Shop, now: datetime) -> None:
    give_plan(shop=shop, plan="scale", reason="a reason", operator="ada", until=None, now=now)


@pytest.fixture
def trial(north: Shop, now: datetime) -> Shop:
    account = open_account(shop=north, trial_ends_at=now + timedelta(days=14), now=now)
    apply_standing(account_id=account.pk, now=now)
    return Shop.objects.get(pk=north.pk)


def test_what_a_task_changes_stands_there_with_the_tasks_name(north: Shop) -> None:
    rename_everybody.apply(("Li",), headers={"laxin_shop": north.schema_name})

    name = "tests.staff.test_audit_of_machines.rename_everybody"
    assert read_log(north) == [("system:task", name, "update", "staff_user", "owner@north.example")]


def test_expired_coupons_are_one_entry_however_many_they_are(north: Shop, now: datetime) -> None:
    past = now - timedelta(days=900)
    with tenant_transaction(north):
        batch = make_batch(past)
        for number in range(3):
            member = make_member(past, f"+861380013800{number}")
            claim_coupon(batch_id=batch, member_id=member, token_id=None, now=past)

    for _ in range(2):
        expire_coupons.apply(headers={"laxin_shop": north.schema_name})

    assert read_log(north) == [("system:task", "coupons.tasks.expire_coupons", "expired", "coupons_coupon", "3")]
    with tenant_transaction(north):
        assert set(Coupon.objects.values_list("status", flat=True)) == {"expired"}


def test_suspending_and_resuming_by_command_stand_there_with_the_access_before_and_after(north: Shop) -> None:
    call_command("shop", "suspend", "north")
    call_command("shop", "suspend", "north")  # again: nothing changes
    call_command("shop", "resume", "north")

    assert read_log(north) == [
        ("system:command", "laxin shop suspend", "update", "tenants_shop", north.name),
        ("system:command", "laxin shop resume", "update", "tenants_shop", north.name),
    ]
    with tenant_transaction(north):
        assert [(entry.before, entry.after) for entry in AuditEntry.objects.order_by("pk")] == [
            ({"access": "open"}, {"access": "suspended"}),
            ({"access": "suspended"}, {"access": "open"}),
        ]


def test_a_plan_that_billing_changes_stands_there_with_who_or_what_changed_it(trial: Shop, now: datetime) -> None:
    give_everybody_a_plan.apply((trial.pk, now.isoformat()))
    with acting(Actor("operator:ada@laxin.example", "ada@laxin.example")):
        end_override(shop=trial, now=now + timedelta(hours=1))

    task = "tests.staff.test_audit_of_machines.give_everybody_a_plan"
    assert read_log(trial) == [
        ("system:task", task, "update", "tenants_shop", trial.name),
        ("operator:ada@laxin.example", "ada@laxin.example", "update", "tenants_shop", trial.name),
    ]
    with tenant_transaction(trial):
        assert [(entry.before, entry.after) for entry in AuditEntry.objects.order_by("pk")] == [
            ({"plan": "trial"}, {"plan": "scale"}),
            ({"plan": "scale"}, {"plan": "trial"}),
        ]


def test_a_sign_up_that_nobody_of_ours_does_leaves_no_entry(trial: Shop) -> None:
    assert trial.plan == "trial"
    assert read_log(trial) == []


def test_the_shell_and_a_shop_made_by_command_are_recorded(north: Shop) -> None:
    with enter_shop("north"):
        rename("Li")
    call_command("shop", "create", "corner", name="Corner", email="li@x.example", password="orange-bicycle-7")

    assert [entry[:3] for entry in read_log(north)] == [("system:command", "laxin shell", "update")]
    assert [entry[1:] for entry in read_log(Shop.objects.get(slug="corner"))] == [
        ("laxin shop create", "insert", "staff_user", "li@x.example"),
        ("laxin shop create", "insert", "staff_apikey", "店面"),
    ]


def test_who_acts_is_not_taken_along_into_the_next_shop(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    with acting(CHEN), tenant_transaction(north):
        rename("Li")
    with tenant_transaction(south):
        assert find_actor() is None
        rename("Mary")

    assert len(read_log(north)) == 1
    assert read_log(south) == []


def test_who_acts_still_does_after_outside_and_inside_what_it_calls(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    with tenant_transaction(north):
        act_as(CHEN)
        with outside(), tenant_transaction(north):
            rename("during")
        assert find_actor() == CHEN
        rename("after")

    with tenant_transaction(north):
        entries = list(AuditEntry.objects.order_by("pk"))
        assert [(entry.actor, entry.user_agent, str(entry.ip)) for entry in entries] == [
            ("staff:1", CHEN.user_agent, "10.1.2.3")
        ] * 2
        assert [entry.after for entry in entries] == [{"name": "during"}, {"name": "after"}]
        assert find_actor() is None
        rename("nobody")
    assert len(read_log(north)) == 2


def test_who_acts_is_forgotten_after_a_transaction_that_failed(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    with pytest.raises(ZeroDivisionError), acting(CHEN), tenant_transaction(north):
        rename("lost")
        raise ZeroDivisionError
    with tenant_transaction(north):
        rename("nobody")

    assert read_log(north) == []


def test_work_over_many_rows_can_say_that_nobody_acts(north: Shop) -> None:
    with acting(CHEN), tenant_transaction(north):
        act_as(None)
        rename("Li")
        assert find_actor() is None

    assert read_log(north) == []


def test_the_log_is_filtered_by_tasks_commands_and_all_of_support(north: Shop) -> None:
    for actor in (CHEN, command_actor("shell"), Actor("operator:ada", "ada"), Actor("operator:bob", "bob")):
        with acting(actor), tenant_transaction(north):
            rename(actor.name)

    def names(actor: str) -> list[str]:
        with tenant_transaction(north):
            return [entry.actor_name for entry in list_entries(chosen=Filter(actor=actor))]

    assert names("operator:") == ["bob", "ada"]
    assert names("system:command") == ["laxin shell"]
    assert names("staff:1") == [CHEN.name]
    assert names("staff") == []


def test_a_task_sent_from_a_request_acts_in_its_own_name(
    live_shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    north = live_shops[0]
    monkeypatch.setattr(
        rename_everybody, "apply_async", lambda args, kwargs, headers: rename_everybody.apply(args, headers=headers)
    )
    with acting(CHEN):
        enqueue_for_shop(north, rename_everybody, "Li")

    assert [entry[0] for entry in read_log(north)] == ["system:task"]
