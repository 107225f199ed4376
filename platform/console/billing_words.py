"""What the console says after something about the plan was paid or changed."""

from datetime import datetime

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from kernel.money import currency_symbol, format_minor

from billing.plans import name_of_plan
from billing.standing import PAID
from billing.types import AccountRow, Resumption, Settlement


def say_thanks(settled: Settlement, now: datetime) -> str:
    """After a payment page; a prepaid year may begin later."""
    if settled.begins_at and settled.begins_at > now:
        text = _("Thank you. The payment has arrived. The year of %(plan)s begins on %(day)s, when what runs now ends.")
        return text % {"plan": name_of_plan(settled.plan), "day": _day(settled.begins_at)}
    return _("Thank you. The payment has arrived and your plan is active.")


def say_changed(before: AccountRow | None, account: AccountRow, plan: str) -> str:
    """After a change to `plan`, and after staying with it."""
    values = {"plan": name_of_plan(plan)}
    if account.pending_plan:
        return _("Your plan changes to %(plan)s when the paid period ends.") % values
    return _join(_("Your plan is %(plan)s now.") % values, say_dropped(before))


def say_cancelled(before: AccountRow | None, account: AccountRow) -> str:
    """After a cancellation."""
    text = (
        _("The subscription ends on %(day)s. Until then everything works.")
        if account.status in PAID
        else _("The subscription ends on %(day)s. Its last payment is still open.")
    )
    return _join(text % {"day": _day(account.ends_at)}, say_dropped(before))


def say_goes_on(before: AccountRow | None, resumed: Resumption) -> str:
    """After a cancellation was taken back, or a paused subscription was woken."""
    account = resumed.account
    text = (
        _("The subscription goes on: %(plan)s for %(price)s a year. The next payment is on %(day)s.")
        if account.interval == "year"
        else _("The subscription goes on: %(plan)s for %(price)s a month. The next payment is on %(day)s.")
    )
    currency = account.currency.upper()
    price = f"{currency_symbol(currency)}{format_minor(resumed.amount_minor, currency)}"
    text %= {"plan": name_of_plan(account.plan), "price": price, "day": _day(account.period_ends_at)}
    return _join(text, "" if account.pending_plan else say_dropped(before))


def say_dropped(before: AccountRow | None) -> str:
    """What becomes of a change that was planned where the subscription is cancelled or changed; "" without one."""
    if before is None or not before.pending_plan:
        return ""
    return _("The planned change to %(plan)s is dropped.") % {"plan": name_of_plan(before.pending_plan)}


def _join(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _day(instant: datetime | None) -> str:
    return f"{localtime(instant):%Y-%m-%d}" if instant else ""
