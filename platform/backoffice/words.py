"""What tables keep as codes, in people's words: for columns, pages and filters."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.admin import AllValuesFieldListFilter
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from onboarding.industries import INDUSTRIES
from unfold.decorators import display

from billing.plans import PLANS, TRIAL, name_of_plan
from tenants.models import Shop

_WORDS: dict[str, str | Promise] = {
    # Stripe's statuses of a subscription
    "trialing": gettext_lazy("trial"),
    "active": gettext_lazy("active"),
    "past_due": gettext_lazy("past due"),
    "canceled": gettext_lazy("cancelled"),
    "unpaid": gettext_lazy("unpaid"),
    "paused": gettext_lazy("paused"),
    "incomplete": gettext_lazy("first payment open"),
    "incomplete_expired": gettext_lazy("first payment never came"),
    # what it is paid for
    "month": gettext_lazy("monthly"),
    "year": gettext_lazy("yearly"),
    # events and alerts
    "pending": gettext_lazy("pending"),
    "done": gettext_lazy("done"),
    "ignored": gettext_lazy("ignored"),
    "dead": gettext_lazy("given up"),
    "of the live mode": gettext_lazy("of the live mode"),
    "of the test mode": gettext_lazy("of the test mode"),
    "of a connected account": gettext_lazy("of a connected account"),
    "of a type that we do not follow": gettext_lazy("of a type that we do not follow"),
    "of no account of ours": gettext_lazy("of no account of ours"),
    "dead_event": gettext_lazy("event given up"),
    "double_subscription": gettext_lazy("two subscriptions"),
    "nobody_to_warn": gettext_lazy("nobody to warn"),
    "odd_payment": gettext_lazy("odd payment"),
    "odd_price": gettext_lazy("odd price"),
    "pays_twice": gettext_lazy("subscription beside a paid year"),
    "dispute_open": gettext_lazy("open dispute"),
    "dispute_lost": gettext_lazy("lost dispute"),
    "refunded": gettext_lazy("refunded payment"),
    "partly_refunded": gettext_lazy("partly refunded year"),
    "unknown_customer": gettext_lazy("unknown customer"),
    "unknown_product": gettext_lazy("unknown product"),
    "unknown_status": gettext_lazy("unknown status of a subscription"),
    # what operators do, as the log keeps it
    "enter": gettext_lazy("Entered"),
    "plan": gettext_lazy("Gave a plan"),
    "end": gettext_lazy("Ended the given plan"),
    "examine": gettext_lazy("Examined"),
    "findings": gettext_lazy("findings"),
    "until": gettext_lazy("until"),
    "retry": gettext_lazy("Tried again"),
    "resolve": gettext_lazy("Resolved"),
    "sync": gettext_lazy("Compared with Stripe"),
    # what they do to their own access
    "sign_in": gettext_lazy("signed in"),
    "sign_in_failed": gettext_lazy("failed to sign in"),
    "code": gettext_lazy("Code of your second factor"),
    "set_up_factor": gettext_lazy("Set up a second factor"),
    "remove_factor": gettext_lazy("Remove the second factor"),
    **INDUSTRIES,
    **dict(settings.LANGUAGES),
    **dict(Shop.Access.choices),
}


def say(code: str) -> str:
    """The word for a code in the language that is on; what has none stays as it is."""
    if code == TRIAL or code in PLANS:
        return name_of_plan(code)
    return str(_WORDS.get(code, code))


def in_words(field: str, label: Promise, colours: dict[str, str] | None = None) -> Callable[[Any], object]:
    """A column (for lists and pages) that shows a field's word, as a badge where `colours` are given."""

    def show(row: Model) -> object:
        code = str(getattr(row, field))
        return (code, say(code)) if colours and code else say(code) or "-"

    show.__name__ = f"show_{field}"  # unfold and Django's admin name columns by it
    column: Callable[[Any], object] = display(description=label, ordering=field, label=colours)(show)
    return column


class ValuesInWords(AllValuesFieldListFilter):
    """A filter by the values that a column has."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """As Django's, the codes as words; an empty one says so."""
        for choice in super().choices(changelist):
            yield {**choice, "display": say(str(choice["display"])) or _("None")}
