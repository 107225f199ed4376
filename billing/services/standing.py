"""Writing down what an account's facts mean for its shop."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from staff.audit import record_change_of_shop

from billing import prepaid
from billing.alerts import Matter, follow_alerts
from billing.mails import queue_mails
from billing.models import Account, PlanOverride
from billing.standing import Facts, Mail, Override, Standing, judge
from tenants.models import Shop
from tenants.services import lift_closing, set_access, set_standing

UNTOLD = "nobody_to_warn"


def apply_standing(*, account_id: int, now: datetime, mails: Iterable[Mail] = ()) -> Standing:
    """Write what the shop may use now, queue the mail that its step calls for and `mails`, all in one transaction.

    Whatever changes an account ends here.
    """
    with transaction.atomic(savepoint=False):
        accounts = Account.objects.select_for_update(of=("self",), no_key=True).select_related("shop")
        account = accounts.get(pk=account_id)
        standing = judge(get_facts(account), now)
        changed = set_standing(
            shop=account.shop,
            access=Shop.Access(standing.access),
            plan=standing.plan,
            limits=standing.limits,
            features=standing.features,
            notice=standing.notice,
        )
        if changed:
            _record(account.shop)
        step = [standing.mail] if standing.mail else []
        was_told = queue_mails(shop=account.shop, mails=[*mails, *step], now=now)
        if standing.warns_of_deletion:
            report_untold(account, was_told=was_told, now=now)
        before = (account.next_review_at, account.deletion_warned_at)
        account.next_review_at = now if standing.is_to_be_deleted else standing.next_review_at
        if standing.access != Shop.Access.SUSPENDED:
            account.deletion_warned_at = None
        elif standing.warns_of_deletion and was_told and account.deletion_warned_at is None:
            account.deletion_warned_at = now
        if (account.next_review_at, account.deletion_warned_at) != before:
            account.save(update_fields=["next_review_at", "deletion_warned_at"])
    return standing


def report_untold(account: Account, *, was_told: bool, now: datetime) -> None:
    """A warning that reaches nobody is none: such a shop stays until an operator has looked."""
    detail = f"{account.shop.slug} is to be deleted and nobody can be warned: find its owner, or delete it yourself."
    matters = [] if was_told else [Matter(UNTOLD, str(account.pk), detail)]
    follow_alerts(account=account, matters=matters, kinds=frozenset({UNTOLD}), now=now)


def set_access_by_hand(*, shop: Shop, access: Shop.Access, now: datetime) -> Shop:
    """Close a shop as an operator, or (`open`) leave it to what it pays for; without an account it is open then.

    Stands in the shop's audit log. Returns the shop as it is now.
    """
    with transaction.atomic():
        account_id = Account.objects.filter(shop_id=shop.pk).values_list("pk", flat=True).first()
        if access == Shop.Access.OPEN and account_id is not None:
            lift_closing(shop=shop)
            apply_standing(account_id=account_id, now=now)
        else:
            set_access(shop=shop, access=access)
            record_change_of_shop(shop=shop, before={"access": shop.access}, after={"access": str(access)})
        return Shop.objects.get(pk=shop.pk)


def _record(shop: Shop) -> None:
    """In the shop's own audit log, where somebody or something acts; notices are for the pages."""
    before = {"access": shop.access, "plan": shop.plan}
    record_change_of_shop(shop=shop, before=before, after=Shop.objects.values("access", "plan").get(pk=shop.pk))


def get_facts(account: Account) -> Facts:
    """What the account's standing depends on."""
    paid = prepaid.read_prepaid(account_id=account.pk)
    return Facts(
        status=account.status,
        plan=account.plan,
        trial_ends_at=account.trial_ends_at,
        ends_at=account.ends_at,
        past_due_since=account.past_due_since,
        ended_at=account.ended_at,
        terms=paid.terms,
        overrides=[_to_override(one) for one in PlanOverride.objects.filter(account=account).order_by("starts_at")],
        awaited=paid.awaited,
        deletion_warned_at=account.deletion_warned_at,
    )


def _to_override(row: PlanOverride) -> Override:
    ends = [instant for instant in (row.until, row.ended_at) if instant]
    return Override(plan=row.plan, starts_at=row.starts_at, ends_at=min(ends, default=None))
