"""What every page of the console says about the shop's plan and one's own account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kernel.usage import get_used
from staff.models import User

from tenants.entitlements import get_entitlements, judge_room
from tenants.models import Shop

CALM_DAYS = 3  # of a trial: more than these are left


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence; `view` is the page that helps ("" where none does), `label` the words of its link."""

    kind: Literal["info", "warning", "error"]
    text: str
    label: str = ""
    view: str = ""


def list_notices(shop: Shop, *, now: datetime) -> list[Notice]:
    """What there is to say; nothing where all is well. At most one statement."""
    return [notice for notice in (describe_notice(shop, now=now), describe_room(shop)) if notice]


def describe_own_notice(user: User) -> Notice | None:
    """What concerns nobody but who is signed in, from the user's row. No statement."""
    if user.email_is_proven:
        return None
    text = _("Nobody has confirmed yet that %(email)s is your address.") % {"email": user.email}
    return Notice("warning", text, _("Confirm it"), "console:address")


def describe_room(shop: Shop) -> Notice | None:
    """That the plan's room for members gets short or is gone; None where nobody may join anyway.

    One statement where the plan limits members, else none.
    """
    allowed = get_entitlements(shop).find_limit("members")
    if allowed is None or shop.access != Shop.Access.OPEN:
        return None
    used = get_used(resource="members")
    room = judge_room(used=used, allowed=allowed)
    if room == "free":
        return None
    numbers = {"used": f"{used:,}", "allowed": f"{allowed:,}"}
    if room == "full":
        text = _("Your plan allows %(allowed)s members, and they are all there: nobody new can join.")
        return Notice("error", text % numbers, _("Choose a larger plan"), "console:billing")
    text = _("%(used)s of the %(allowed)s members that your plan allows are there. At the limit nobody new can join.")
    return Notice("warning", text % numbers, _("Choose a larger plan"), "console:billing")


def is_closed_by_operator(shop: Shop) -> bool:
    """Tell whether it is closed for another reason than what it pays: paying does not open it. No statement."""
    return bool(shop.closed_by_operator) or (shop.access != Shop.Access.OPEN and not shop.notice)


def describe_notice(shop: Shop, *, now: datetime) -> Notice | None:
    """The shop's notice in words, from its row; None where all is well. No statement."""
    if is_closed_by_operator(shop):
        return Notice("error", _("The operator of this platform has restricted the shop. Please contact them."))
    describe = _BY_KIND.get(shop.notice.get("kind", ""))
    return describe(shop.notice, now) if describe else None


def _trial(notice: Mapping[str, str], now: datetime) -> Notice:
    left = datetime.fromisoformat(notice["at"]) - now
    days = max(0, -(-left // timedelta(days=1)))  # a begun day counts
    text = ngettext("%(days)d day of your trial is left.", "%(days)d days of your trial are left.", days)
    kind: Literal["info", "warning"] = "info" if days > CALM_DAYS else "warning"
    return Notice(kind, text % {"days": days}, _("Choose a plan"), "console:billing")


def _cancelled(notice: Mapping[str, str], now: datetime) -> Notice:
    text = _("The subscription ends on %(day)s. Then the shop becomes read-only.") % {"day": _day(notice)}
    return Notice("info", text, _("Keep the plan"), "console:billing")


def _prepaid_ending(notice: Mapping[str, str], now: datetime) -> Notice:
    text = _("Your plan is paid until %(day)s.") % {"day": _day(notice)}
    return Notice("info", text, _("Renew it"), "console:billing")


def _payment_awaited(notice: Mapping[str, str], now: datetime) -> Notice:
    text = _("Your payment is on its way by bank. Until it has arrived, %(day)s at the latest, all stays as it is.")
    return Notice("info", text % {"day": _day(notice)}, _("Billing"), "console:billing")


def _payment_failed(notice: Mapping[str, str], now: datetime) -> Notice:
    text = _("The last payment failed. Please pay by %(day)s, or the shop becomes read-only.") % {"day": _day(notice)}
    return Notice("warning", text, _("Pay now"), "console:billing_pay")


def _read_only(notice: Mapping[str, str], now: datetime) -> Notice:
    """A pause, and what nobody understands, have no further date."""
    cause = notice.get("cause", "")
    text = {
        "trial_ended": _("Your trial is over: the shop is read-only."),
        "payment_failed": _("Nothing was paid for weeks: the shop is read-only."),
        "cancelled": _("The subscription has ended: the shop is read-only."),
        "prepaid_ended": _("The paid year is over: the shop is read-only."),
        "refunded": _("The payment for the year was given back: the shop is read-only."),
        "override_ended": _("The plan that the operator gave has ended: the shop is read-only."),
        "paused": _("The subscription is paused: the shop is read-only."),
    }.get(cause, _("The subscription is in a state that has to be looked at: the shop is read-only."))
    if "at" in notice:
        text = _("%(what)s It closes on %(day)s, unless it gets a plan.") % {"what": text, "day": _day(notice)}
    return _with_way_out(text, cause)


def _suspended(notice: Mapping[str, str], now: datetime) -> Notice:
    text = _("The shop is closed for customers. On %(day)s its data will be deleted, unless it gets a plan.")
    return _with_way_out(text % {"day": _day(notice)}, notice.get("cause", ""))


def _with_way_out(text: str, cause: str) -> Notice:
    if cause == "payment_failed":
        return Notice("error", text, _("Pay now"), "console:billing_pay")
    label = _("Continue the subscription") if cause == "paused" else _("Choose a plan")
    return Notice("error", text, label, "console:billing")


def _day(notice: Mapping[str, str]) -> str:
    return f"{localtime(datetime.fromisoformat(notice['at'])):%Y-%m-%d}"


_BY_KIND: dict[str, Callable[[Mapping[str, str], datetime], Notice]] = {
    "trial": _trial,
    "cancelled": _cancelled,
    "prepaid_ending": _prepaid_ending,
    "payment_failed": _payment_failed,
    "payment_awaited": _payment_awaited,
    "read_only": _read_only,
    "suspended": _suspended,
}
