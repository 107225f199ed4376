"""Words and small pictures of the console's templates: `{% load console %}`."""

from coupons.offers import headline
from coupons.types import Offer
from django import template
from django.template.defaultfilters import stringfilter
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from staff.requests import find_operator
from stock.models import Entry

from billing.plans import name_of_plan
from console.access import may_open
from console.devices import describe_device
from console.notices import describe_own_notice, list_notices

register = template.Library()

# Text and colour of a badge: the states of coupons, batches, join links, orders, products, keys and domains.
STATES = {
    "open": (_("Open"), "success"),
    "not_yet": (_("Not begun"), "info"),
    "over": (_("Over"), "plain"),
    "closed": (_("Closed"), "plain"),
    "paused": (_("Paused"), "warning"),
    "sold_out": (_("All claimed"), "info"),
    "issued": (_("Usable"), "success"),
    "locked": (_("In checkout"), "info"),
    "redeemed": (_("Used"), "plain"),
    "expired": (_("Expired"), "plain"),
    "void": (_("Withdrawn"), "plain"),
    "placed": (_("To be paid"), "warning"),
    "paid": (_("Paid"), "success"),
    "fulfilled": (_("Fulfilled"), "success"),
    "refunded": (_("Refunded"), "plain"),
    "cancelled": (_("Cancelled"), "plain"),
    "active": (_("On sale"), "success"),
    "archived": (_("Archived"), "plain"),
    "valid": (_("Valid"), "success"),
    "revoked": (_("Revoked"), "plain"),
    "main": (_("Main domain"), "success"),
    "proven": (_("Proven"), "success"),
    "unproven": (_("Not proven yet"), "warning"),
    "pending": (_("Pending"), "warning"),
    "settled": (_("Received"), "success"),
}


@register.filter
def offer(value: Offer, currency: str) -> str:
    """What a coupon gives in a few words: `满40减8`."""
    return headline(value, currency)


@register.inclusion_tag("components/badge.html")
@stringfilter
def state(value: str) -> dict[str, object]:
    """A badge for a state: `{% state order.status %}`."""
    text, kind = STATES[value]
    return {"text": text, "kind": kind}


@register.filter
def signed(value: int) -> str:
    """`+5`, `−2` with a real minus."""
    return f"+{value}" if value > 0 else f"−{-value}" if value < 0 else "0"


@register.filter
def movement(kind: str) -> str:
    """Why stock moved, in words."""
    return str(Entry.Kind(kind).label)


@register.filter
def grouped(value: int) -> str:
    """`20000` → `20,000`."""
    return f"{value:,}"


@register.filter
def plan_name(key: str) -> str:
    """A plan as people read it: its key, or `trial`."""
    return name_of_plan(key)


@register.inclusion_tag("console/notice.html", takes_context=True)
def shop_notice(context: template.Context, *, without_link: bool = False) -> dict[str, object]:
    """What stands on every page about the shop's plan and one's own account; nothing where all is well.

    At most one statement.

    `without_link`: the page has one itself.
    """
    request = context["request"]
    may_pay = may_open(request, "console:billing")
    notices = []
    for notice in list_notices(request.shop, now=timezone.now()):
        href = reverse(notice.view) if notice.view and may_pay else ""
        if request.path == href or without_link:  # the page itself says what to do
            href = ""
        notices.append(
            {
                "text": notice.text,
                "kind": notice.kind,
                "label": notice.label,
                "href": href,
                "asks_owner": bool(notice.view) and not may_pay,
                "opens_tab": notice.view == "console:billing_pay",  # from a page of the provider's no link leads back
            }
        )
    own = None if find_operator(request) else describe_own_notice(request.user)
    if own and request.path != reverse(own.view):  # the page itself says more
        notices.append({"text": own.text, "kind": own.kind, "label": own.label, "href": reverse(own.view)})
    return {"notices": notices}


@register.simple_tag(takes_context=True)
def nav_link(context: template.Context, view: str, label: str, icon: str, as_card: bool = False) -> str:
    """An entry of the menu, marked as current on its own page and those below; none for who may not open the page.

    `as_card` is its form on the start page, where phones find what their short menu leaves out.
    """
    request, href = context["request"], reverse(view)
    if not may_open(request, view):
        return ""
    facts = {"href": href, "label": label, "icon": icon, "current": request.path.startswith(href)}
    return render_to_string("console/nav_card.html" if as_card else "components/nav_link.html", facts)


@register.filter
@stringfilter
def device(user_agent: str) -> str:
    """`Chrome · Windows`."""
    return describe_device(user_agent)
