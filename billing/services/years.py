"""Years that were paid: when they may begin, and money that went back by a refund or a lost dispute.

The year that returned money paid for ends, and persons hear of the rest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billing import gateway
from billing.alerts import Matter
from billing.charges import Charge, Dispute
from billing.facts import Session, Subscription
from billing.models import Account, Checkout
from billing.standing import PAID

PASSING = frozenset({"dispute_open", "partly_refunded", "pays_twice"})  # resolved by themselves when they are over


def fetch_charges(
    account: Account, *, pages: Iterable[Checkout], sessions: Iterable[Session | None], has_subscribed: bool
) -> Sequence[Charge]:
    """Return what the account has paid: one request for all of a customer's payments, none for who never paid.

    Payments for years, of our `pages`, are found also where the customer was deleted.
    """
    years = {page.payment_intent_id for page in pages if page.paid_at and page.payment_intent_id}
    years |= {one.payment_intent_id for one in sessions if one and one.is_paid and one.payment_intent_id}
    stripe, found = gateway.current(), list[Charge]()
    if account.customer_id and (has_subscribed or years):
        found = stripe.list_charges(customer=account.customer_id)
    for payment in sorted(years - {one.payment_intent_id for one in found}):
        found += stripe.list_charges(payment_intent=payment)
    return found


def follow_years(
    account: Account,
    subscriptions: Sequence[Subscription],
    charges: Sequence[Charge],
    sessions: Mapping[int, Session | None],
) -> tuple[bool, list[Matter]]:
    """Store when the money of each year that was paid went back, and bring forward what need not wait any more.

    Returns whether that is news, and what persons have to know of, each once: what was given back stays so for ever.
    """
    changed, by_payment = False, {one.payment_intent_id: one for one in charges}
    by_id = {one.id: one for one in subscriptions}
    pages, matters = list(Checkout.objects.filter(account=account, is_prepay=True)), list[Matter]()
    for page in pages:
        before = page.payment_intent_id, page.doubtful_minor, page.returned_at, page.begins_at
        session, waited_for = sessions.get(page.pk), by_id.get(page.after_subscription_id)
        if waited_for and waited_for.ended_at and page.begins_at:
            page.begins_at = min(page.begins_at, waited_for.ended_at)
        if page.paid_at:
            page.payment_intent_id = page.payment_intent_id or (session.payment_intent_id if session else "")
            charge = by_payment.get(page.payment_intent_id)
            if charge:
                page.returned_at, page.doubtful_minor = charge.returned_at, charge.doubtful_minor
            if page.returned_at is None and waited_for and waited_for.status in PAID and waited_for.ends_at is None:
                matters.append(_say_paid_twice(account, page, waited_for))
        if before != (page.payment_intent_id, page.doubtful_minor, page.returned_at, page.begins_at):
            changed |= before[2:] != (page.returned_at, page.begins_at)
            page.save(update_fields=["payment_intent_id", "doubtful_minor", "returned_at", "begins_at"])
    years = {page.payment_intent_id for page in pages if page.payment_intent_id}
    matters += [
        Matter(kind, subject, f"Shop {account.shop.slug}: {detail}", again=False)
        for charge in charges
        for kind, subject, detail in _list_matters(charge, is_year=charge.payment_intent_id in years)
    ]
    return changed, matters


def _say_paid_twice(account: Account, page: Checkout, subscription: Subscription) -> Matter:
    """As when its end was taken back on Stripe's pages after the year was paid."""
    detail = (
        f"Shop {account.shop.slug}: subscription {subscription.id} goes on although the year of {page.session_id} was "
        f"paid to follow it. End the one, or refund the other."
    )
    return Matter("pays_twice", subscription.id, detail)


def _list_matters(charge: Charge, *, is_year: bool) -> Iterator[tuple[str, str, str]]:
    """Kind, subject and text of each."""
    name = f"{charge.id} ({charge.amount_minor} {charge.currency})"
    if not is_year:
        then = "The subscription goes on; end it at Stripe if it should not."
    elif charge.returned_at is None:
        then = "The prepaid year goes on."
    else:
        then = f"The prepaid year ended on {charge.returned_at:%Y-%m-%d}."
    for dispute in charge.disputes:
        if dispute.is_open:
            yield "dispute_open", dispute.id, f"{_describe(dispute)} of payment {name}. {then}"
        elif dispute.is_lost:
            yield "dispute_lost", dispute.id, f"dispute {dispute.id} of payment {name} was lost. {then}"
    if charge.refunded_minor and not is_year:
        subject = f"{charge.id}:{charge.refunded_minor}"
        yield "refunded", subject, f"{charge.refunded_minor} of payment {name} were refunded. {then}"
    elif charge.refunded_minor and charge.returned_at is None:
        subject = f"{charge.id}:{charge.refunded_minor}"
        yield "partly_refunded", subject, f"{charge.refunded_minor} of payment {name} were refunded. {then}"


def _describe(dispute: Dispute) -> str:
    until = f" until {dispute.answer_by:%Y-%m-%d}" if dispute.answer_by else ""
    return f"a bank wants back {dispute.amount_minor} in dispute {dispute.id} ({dispute.status}): answer{until},"
