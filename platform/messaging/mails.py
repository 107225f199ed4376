"""The mails that Laxin writes: one file in `templates/mail/` each, of which subject, text and HTML are made.

Every mail knows `shop_name`, `console_url` and `link`, where its button leads (the console unless it is given). Its
block `also` holds an address of ours beside the button; addresses in the text, which people typed, are no links. Dates
are given as such; money and names of plans as they are to be read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import override

SHOP = frozenset({"shop_name", "console_url"})
# What each mail must be given; further values that its text names make it say more.
NEEDED: Mapping[str, frozenset[str]] = {
    "welcome": SHOP | {"link"},  # link: to confirm the address; days: length of the trial
    "confirm_email": SHOP | {"link", "days"},  # days: how long the link counts
    "trial_ending": SHOP | {"days", "date"},  # date: its last day
    "trial_ended": SHOP,  # date: when the shop will be suspended
    "prepaid_ending": SHOP | {"date"},  # date: until when the shop is paid for
    "payment_failed": SHOP | {"date"},  # date: until when everything works; amount, plan
    "payment_recovered": SHOP,  # amount, plan
    "read_only": SHOP,  # date: when the shop will be suspended
    "suspended": SHOP | {"date"},  # date: when the data will be deleted
    "deletion_warning": SHOP | {"days", "date"},  # date: when the data will be deleted
    "subscription_started": SHOP | {"plan"},  # amount; date: of the next payment
    "subscription_cancelled": SHOP | {"date"},  # date: its end; plan; then_until: end of the paid year that goes on
    "prepaid_started": SHOP | {"plan", "date"},  # date: the end of the year; begins: where it begins later
    "members_near": SHOP | {"used", "allowed"},  # how many members there are and may be
    "members_full": SHOP | {"allowed"},
    "staff_invitation": SHOP | {"who", "link"},  # who: the inviter; days: how long the link counts
    "shop_list": frozenset({"shops", "link"}),  # shops: pairs of name and address; link: the public site
}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is sent."""

    subject: str
    text: str
    html: str


def render_mail(*, template: str, language: str, context: Mapping[str, Any]) -> Mail:
    """Return a mail in a language of LANGUAGES. Raises `ValueError` where the context lacks what the mail needs."""
    missing = NEEDED[template] - context.keys() if template in NEEDED else {"a template of this name"}
    if missing:
        raise ValueError(f"The mail {template!r} lacks {', '.join(sorted(missing))}.")
    values = {"link": context.get("console_url"), **{name: _readable(value) for name, value in context.items()}}
    with override(language):
        values["language"] = language
        subject, text, html = (
            render_to_string(f"mail/{template}.html", {**values, "layout": f"mail/layout/{layout}"})
            for layout in ("subject.txt", "text.txt", "page.html")
        )
    return Mail(" ".join(subject.split()), re.sub(r"\s*\n\s*\n\s*", "\n\n", text.strip()) + "\n", html)


def _readable(value: Any) -> Any:
    """`2026-11-21`, of an instant the day in the active time zone."""
    if isinstance(value, datetime):
        return timezone.localtime(value).date().isoformat()
    return value.isoformat() if isinstance(value, date) else value
