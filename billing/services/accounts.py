"""Opening accounts, and what operators give by hand."""

from datetime import datetime
from typing import IO

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from staff.services import open_shop
from staff.types import OpenedShop

from billing.alerts import resolve_alerts
from billing.errors import AccountUnknown, BillingError
from billing.mails import pass_over_mail
from billing.models import Account, Alert, PlanOverride
from billing.plans import get_plan
from billing.services.standing import apply_standing, get_facts
from billing.standing import TRIAL_LENGTH, judge
from tenants.models import Shop
from tenants.restore import Restored, restore_shop


def open_shop_on_trial(
    *, slug: str, name: str, email: str, password: str, language: str, industry: str, browser: str = "", now: datetime
) -> OpenedShop:
    """Open a shop whose trial begins now, all or nothing: what the public form does, whose address is nobody's yet.

    Raises `staff.errors.ShopRefused`.
    """

    def start_trial(shop: Shop) -> None:
        account = open_account(shop=shop, trial_ends_at=now + TRIAL_LENGTH, now=now)
        apply_standing(account_id=account.pk, now=now)
        shop.refresh_from_db()

    return open_shop(
        slug=slug,
        name=name,
        email=email,
        password=password,
        language=language,
        industry=industry,
        browser=browser,
        email_is_proven=False,
        public_rows=start_trial,
        now=now,
    )


def restore_shop_without_plan(
    *, file: IO[bytes], slug: str | None, replace: bool, accept_findings: bool, now: datetime
) -> Restored:
    """Restore an archive. A shop that is new here is read-only until it pays, or an operator gives it something.

    One that takes another's place keeps that one's account. An archive cannot say what was paid: here it may be an old
    copy, of another installation, or written by somebody else. Raises what `restore_shop` raises.
    """

    def open_without_trial(shop: Shop) -> None:
        account = open_account(shop=shop, trial_ends_at=now, now=now)
        if mail := judge(get_facts(account), now).mail:
            # It may be a copy that an operator looks at and deletes again.
            pass_over_mail(shop=shop, mail=mail, now=now)
        apply_standing(account_id=account.pk, now=now)
        shop.refresh_from_db()

    return restore_shop(
        file=file,
        slug=slug,
        replace=replace,
        accept_findings=accept_findings,
        public_rows=open_without_trial,
        now=now,
    )


def open_account(*, shop: Shop, trial_ends_at: datetime | None, now: datetime) -> Account:
    """Return the shop's account, made if there is none."""
    account, _made = Account.objects.get_or_create(
        shop_id=shop.pk,
        defaults={"currency": shop.currency.lower(), "trial_ends_at": trial_ends_at, "created_at": now},
    )
    return account


def lock_account(*, shop: Shop) -> Account:
    """Return the shop's account, locked until the transaction ends. Raises AccountUnknown."""
    account = Account.objects.select_for_update(no_key=True).filter(shop_id=shop.pk).first()
    if account is None:
        raise AccountUnknown(_("This shop has no account: an operator opened it by hand, so it pays nothing."))
    return account


def give_plan(*, shop: Shop, plan: str, reason: str, operator: str, until: datetime | None, now: datetime) -> None:
    """Let a shop use a plan whatever it pays, until `until` or `end_override`; replaces the override there is.

    Raises PlanUnknown, and BillingError without a reason or for a time that is over.
    """
    get_plan(plan)
    if not reason.strip():
        raise BillingError(_("Say why: the reason is kept with the override."), field=["reason"])
    if until is not None and until <= now:
        raise BillingError(_("Give a time that is still to come."), field=["until"])
    with transaction.atomic():
        open_account(shop=shop, trial_ends_at=None, now=now)
        account = lock_account(shop=shop)
        PlanOverride.objects.filter(account=account, ended_at=None).update(ended_at=now)
        PlanOverride.objects.create(
            account=account, plan=plan, reason=reason.strip(), operator=operator, starts_at=now, until=until
        )
        apply_standing(account_id=account.pk, now=now)


def end_override(*, shop: Shop, now: datetime) -> None:
    """What the shop pays for counts again; from now on it has the time that follows an end. Raises AccountUnknown."""
    with transaction.atomic():
        account = lock_account(shop=shop)
        PlanOverride.objects.filter(account=account, ended_at=None).update(ended_at=now)
        apply_standing(account_id=account.pk, now=now)


def adopt_customer(*, shop: Shop, customer_id: str, now: datetime) -> int:
    """Tie a customer of Stripe's to a shop by an operator's hand, and return the account's id to be synchronised.

    For what a restored backup forgot. Raises BillingError where the customer is another shop's, or the shop has one.
    """
    with transaction.atomic():
        open_account(shop=shop, trial_ends_at=None, now=now)
        account = lock_account(shop=shop)
        if Account.objects.filter(customer_id=customer_id).exclude(pk=account.pk).exists():
            raise BillingError(_("Another shop has this customer."))
        if account.customer_id not in {None, customer_id}:
            raise BillingError(_("The shop has a customer already: %(id)s.") % {"id": account.customer_id})
        Account.objects.filter(pk=account.pk).update(customer_id=customer_id, version=F("version") + 1)
        resolve_alerts(kind="unknown_customer", subjects=[customer_id], now=now)
    return account.pk


def resolve_alert(*, alert_id: int, now: datetime) -> None:
    """Note that a person has looked at it."""
    Alert.objects.filter(pk=alert_id, resolved_at=None).update(resolved_at=now)
