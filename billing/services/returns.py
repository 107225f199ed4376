"""Money that went back, by a refund or a lost dispute: the year it paid for ends, and persons hear of the rest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billing import gateway
from billing.alerts import Matter
from billing.charges import Charge, Dispute
from billing.facts import Session
from billing.models import Account, Checkout

PASSING = frozenset({"dispute_open", "partly_refunded"})  # resolved by themselves when they are over


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


def note_returns(
    account: Account, charges: Sequence[Charge], sessions: Mapping[int, Session | None]
) -> tuple[bool, list[Matter]]:
    """Store for each year that was paid when its money went back.

    Returns whether that is news, and what persons have to know of, each once: what was given back stays so for ever.
    """
    changed, by_payment = False, {one.payment_intent_id: one for one in charges}
    pages = list(Checkout.objects.filter(account=account, is_prepay=True))
    for checkout in pages:
        if checkout.paid_at is None:
            continue
        session = sessions.get(checkout.pk)
        payment = checkout.payment_intent_id or (session.payment_intent_id if session else "")
        charge = by_payment.get(payment)
        returned_at = charge.returned_at if charge else checkout.returned_at
        if (payment, returned_at) != (checkout.payment_intent_id, checkout.returned_at):
            changed |= returned_at != checkout.returned_at
            checkout.payment_intent_id, checkout.returned_at = payment, returned_at
            checkout.save(update_fields=["payment_intent_id", "returned_at"])
    years = {page.payment_intent_id for page in pages if page.payment_intent_id}
    return changed, [
        Matter(kind, subject, f"Shop {account.shop.slug}: {detail}", again=False)
        for charge in charges
        for kind, subject, detail in _list_matters(charge, is_year=charge.payment_intent_id in years)
    ]


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
