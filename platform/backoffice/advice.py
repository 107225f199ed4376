"""What an operator does about each kind of alert, in the operator's language; an alert's own text has its numbers."""

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from unfold.decorators import display

ADVICE: dict[str, Promise] = {
    "dead_event": gettext_lazy(
        "The event failed twelve times; its page says why. Mend the cause, then try it again. A comparison of the "
        "shop's account with Stripe settles it too."
    ),
    "dispute_lost": gettext_lazy(
        "The bank took the money back. A prepaid year ended with that; a subscription goes on: end it at Stripe if it "
        "should not."
    ),
    "dispute_open": gettext_lazy(
        "A bank wants the money back. Answer at Stripe before the day that is named. The alert goes when the dispute "
        "is over."
    ),
    "double_subscription": gettext_lazy(
        "The shop had a second subscription, which was ended. Refund at Stripe what was charged for it."
    ),
    "nobody_to_warn": gettext_lazy(
        "The shop would be deleted, and no owner can be told. Find its owner, or delete it by `laxin shop delete`. "
        "Until then it stays."
    ),
    "odd_payment": gettext_lazy(
        "A payment page brought another sum, currency or customer than was asked for: it was not counted. Find out why "
        "at Stripe, then refund it or give the shop the plan."
    ),
    "odd_price": gettext_lazy(
        "Somebody changed the subscription on Stripe's pages: its price, quantity or interval is none that we sell. It "
        "counts; put it right at Stripe."
    ),
    "partly_refunded": gettext_lazy(
        "A part of a prepaid year was refunded. The year goes on; refund the rest if it should end."
    ),
    "pays_twice": gettext_lazy(
        "The subscription goes on although a prepaid year follows it or runs. End the one, or refund the other."
    ),
    "refunded": gettext_lazy(
        "A payment for a subscription was refunded. The subscription goes on: end it at Stripe if it should not."
    ),
    "unknown_customer": gettext_lazy(
        "Somebody pays for one of our plans, and no shop has this customer. Find out whose it is, then run "
        "`laxin billing adopt`."
    ),
    "unknown_product": gettext_lazy(
        "A subscription of the customer is for none of our products: it was not counted. End it, or move it to a "
        "product of ours, at Stripe."
    ),
    "unknown_status": gettext_lazy(
        "Stripe says something of the subscription that this version does not know: the shop is read-only. Update "
        "Laxin, or give the shop a plan until then."
    ),
}


@display(description=gettext_lazy("what to do"))
def show_advice(row: Model) -> str:
    """The advice for an alert's kind."""
    return str(ADVICE.get(row.kind, "-"))  # type: ignore[attr-defined]
