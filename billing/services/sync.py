"""Making an account what Stripe says it is.

Events come late, twice, in any order or never, so none is believed: each only says which account to fetch. Of two
fetches the older one may arrive last; so the row's version is read before the fetch, and the row is written only if it
still has it. Otherwise all is fetched again: what is written was fetched after everything written before.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from billing import facts, gateway, prepaid
from billing.alerts import Matter, follow_alerts, raise_alert, resolve_alerts
from billing.charges import Charge
from billing.errors import AccountBusy
from billing.models import Account, Checkout, PaymentEvent
from billing.plans import PLANS
from billing.services.standing import apply_standing
from billing.services.years import PASSING, fetch_charges, follow_years
from billing.standing import NEVER, OWING, PAID, STATUSES, Mail

ATTEMPTS = 5
SLOWEST_PAYMENT = timedelta(days=14)
SKEW = timedelta(minutes=1)  # Stripe's clock, by which a year begins, may be before ours
FOLLOWED_ALERTS = frozenset({"unknown_status", "unknown_product", "odd_price", *PASSING})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What Stripe answered about one account."""

    truth: facts.Truth
    sessions: Mapping[int, facts.Session | None]  # by the id of our Checkout; None: Stripe has none
    charges: Sequence[Charge]


def sync_account(*, account_id: int, now: datetime, event_id: int | None = None) -> bool:
    """Make the account what Stripe says it is, and return whether anything was otherwise.

    Marked as processed in the same transaction: the event with `event_id`, and all of this customer's that had come
    before the fetch, also those that were given up, for their news is in it; Stripe sends up to ten at a time.
    Raises PaymentProviderDown, PaymentProviderRefused, AccountBusy.
    """
    newest = Coalesce(Subquery(PaymentEvent.objects.order_by("-id").values("id")[:1]), 0)
    has_dead = Exists(PaymentEvent.objects.filter(customer_id=OuterRef("customer_id"), state=PaymentEvent.State.DEAD))
    was_otherwise = False
    for _attempt in range(ATTEMPTS):
        account = (
            Account.objects.select_related("shop")
            .annotate(newest_event_id=newest, has_dead=has_dead)
            .get(pk=account_id)
        )
        fetched = _fetch(account)
        with transaction.atomic():
            changed = _write(account, fetched, now)
            if changed is not None:
                told = Q(customer_id=account.customer_id, id__lte=account.newest_event_id)
                if account.has_dead:
                    _bring_to_life(told, now)
                settle_events(Q(pk=event_id) | told if event_id else told, account_id=account_id, now=now)
        if changed is not None:
            was_otherwise |= changed
            if not _end_what_is_doubled(account, fetched, now):
                return was_otherwise
    raise AccountBusy(_("The account is being changed by others. Try again in a moment."))


def _bring_to_life(which: Q, now: datetime) -> None:
    """Events that were given up and whose news is known now: `settle_events` marks them with the others."""
    dead = PaymentEvent.objects.filter(which, state=PaymentEvent.State.DEAD)
    names = list(dead.values_list("event_id", flat=True))
    dead.update(state=PaymentEvent.State.PENDING, next_attempt_at=now)
    resolve_alerts(kind="dead_event", subjects=names, now=now)


def settle_events(which: Q, *, account_id: int, now: datetime) -> None:
    """Mark events as processed; called in the transaction of their work."""
    PaymentEvent.objects.filter(which, state=PaymentEvent.State.PENDING).update(
        state=PaymentEvent.State.DONE, account_id=account_id, processed_at=now, next_attempt_at=None, last_error=""
    )


def _fetch(account: Account) -> Fetched:
    paid = Q(is_prepay=True, paid_at__isnull=False)
    pages = list(Checkout.objects.filter(Q(is_open=True) | paid, account=account))
    # Of years that were paid before payments were noted the payment is still to be learnt.
    asked = [page for page in pages if page.is_open or not page.payment_intent_id]
    stripe = gateway.current()
    sessions = {page.pk: stripe.find_session(page.session_id) for page in asked}
    if account.customer_id is None:
        charges = fetch_charges(account, pages=pages, sessions=sessions.values(), has_subscribed=False)
        return Fetched(facts.Truth(True, (), None, None), sessions, charges)
    subscriptions = stripe.list_subscriptions(account.customer_id)
    chosen, debtor = facts.choose(subscriptions), facts.find_debtor(subscriptions)
    truth = facts.Truth(
        customer_exists=bool(chosen and chosen.is_living) or stripe.has_customer(account.customer_id),
        subscriptions=subscriptions,
        past_due_since=stripe.find_oldest_debt(debtor.id) if debtor else None,
        schedule=stripe.find_schedule(chosen.schedule_id) if chosen and chosen.schedule_id else None,
    )
    has_subscribed = bool(subscriptions)
    charges = fetch_charges(account, pages=pages, sessions=sessions.values(), has_subscribed=has_subscribed)
    return Fetched(truth, sessions, charges)


def _write(account: Account, fetched: Fetched, now: datetime) -> bool | None:
    """Store what was fetched. None: somebody wrote meanwhile, and nothing was stored."""
    values = _values(account, fetched.truth, now)
    row = Account.objects.filter(pk=account.pk, version=account.version)
    if not row.update(**values, synced_at=now, version=F("version") + 1):
        return None
    changed = any(getattr(account, name) != value for name, value in values.items())
    paid = _settle_checkouts(account, fetched, now)
    returned, told = follow_years(account, fetched.truth.subscriptions, fetched.charges, fetched.sessions)
    matters = [*told, *_list_oddities(account, fetched.truth)]
    follow_alerts(account=account, matters=matters, kinds=FOLLOWED_ALERTS, now=now)
    news = [*_list_news(account, values), *_list_thanks(account, paid, now)]
    apply_standing(account_id=account.pk, now=now, mails=news)
    return changed or returned or bool(paid)


def _values(account: Account, truth: facts.Truth, now: datetime) -> dict[str, Any]:
    chosen = facts.choose(truth.subscriptions)
    is_gone = all(one.id != account.subscription_id for one in truth.subscriptions)
    if chosen is None and is_gone and account.status not in NEVER:
        return _values_of_who_is_gone(account, truth, now)
    owes = chosen is not None and chosen.status in OWING
    return {
        "customer_id": account.customer_id if truth.customer_exists else None,
        "subscription_id": chosen.id if chosen and truth.customer_exists else None,
        "status": chosen.status if chosen else "",
        "plan": chosen.plan if chosen else "",
        "interval": chosen.interval if chosen else "",
        "period_ends_at": chosen.period_ends_at if chosen and chosen.is_living else None,
        "cancel_at_period_end": bool(chosen and chosen.ends_at),
        "ends_at": chosen.ends_at if chosen else None,
        "schedule_id": chosen.schedule_id if chosen else "",
        "pending_plan": truth.schedule.plan if truth.schedule else "",
        "pending_interval": truth.schedule.interval if truth.schedule else "",
        "past_due_since": truth.past_due_since or ((account.past_due_since or now) if owes else None),
        "ended_at": _last(account.ended_at, facts.find_last_end(truth.subscriptions)),
    }


def _values_of_who_is_gone(account: Account, truth: facts.Truth, now: datetime) -> dict[str, Any]:
    """A customer that was deleted at Stripe takes its subscriptions along: what we knew of them stands as ended."""
    return {
        "customer_id": account.customer_id if truth.customer_exists else None,
        "subscription_id": None,
        "status": "canceled",
        "period_ends_at": None,
        "cancel_at_period_end": False,
        "ends_at": None,
        "schedule_id": "",
        "pending_plan": "",
        "pending_interval": "",
        "ended_at": account.ended_at or now,
    }


def _last(*instants: datetime | None) -> datetime | None:
    return max(filter(None, instants), default=None)


def _settle_checkouts(account: Account, fetched: Fetched, now: datetime) -> list[Checkout]:
    """Close the payment pages that are over, and return those of years that were paid as we asked for them."""
    paid = list[Checkout]()
    for checkout in Checkout.objects.filter(pk__in=fetched.sessions, is_open=True).order_by("id"):
        session = fetched.sessions[checkout.pk]
        if session is not None and _may_still_be_paid(checkout, session, now):
            awaited_until = session.expires_at + SLOWEST_PAYMENT if session.status == "complete" else None
            Checkout.objects.filter(pk=checkout.pk).exclude(awaited_until=awaited_until).update(
                awaited_until=awaited_until
            )
            continue
        paid_at = None
        if session is None or not (session.is_paid and checkout.is_prepay):
            pass
        elif _is_as_asked(account, checkout, session):
            paid_at = session.paid_at
        else:
            detail = (
                f"{session.id} brought {session.amount_minor} {session.currency} of {session.customer_id}, "
                f"asked were {checkout.amount_minor} {checkout.currency}: it was not counted."
            )
            raise_alert(Matter("odd_payment", session.id, detail), account=account, now=now)
        payment = session.payment_intent_id if session else ""
        Checkout.objects.filter(pk=checkout.pk).update(
            is_open=False, paid_at=paid_at, payment_intent_id=payment, awaited_until=None
        )
        if paid_at:
            paid.append(checkout)
    return paid


def _list_thanks(account: Account, paid: Sequence[Checkout], now: datetime) -> Iterator[Mail]:
    """A mail for each year that was paid, unless its money went back before we knew."""
    for checkout in paid:
        term = prepaid.find_term(checkout_id=checkout.pk, account_id=account.pk)
        if term and not term.was_returned:
            later = {"begins": term.starts_at} if now < term.starts_at else {}
            context = {"plan": checkout.plan, "date": term.ends_at, **later}
            yield Mail("prepaid_started", f"prepaid:{checkout.session_id}", context)


def _may_still_be_paid(checkout: Checkout, session: facts.Session, now: datetime) -> bool:
    """A page that is open, or was filled in by way of a bank that takes its time."""
    is_sent = checkout.is_prepay and session.status == "complete" and not session.is_paid
    is_on_its_way = is_sent and not session.has_failed
    return session.status == "open" or (is_on_its_way and now < session.expires_at + SLOWEST_PAYMENT)


def _is_as_asked(account: Account, checkout: Checkout, session: facts.Session) -> bool:
    """Whether the page brought the sum we asked for, from our customer: nothing less counts as a year."""
    asked = (checkout.amount_minor, checkout.currency, account.customer_id)
    return checkout.amount_minor > 0 and (session.amount_minor, session.currency, session.customer_id) == asked


def _list_oddities(account: Account, truth: facts.Truth) -> Iterator[Matter]:
    """What we do not understand, and what a shop pays twice."""
    own = str(account.pk)
    for one in truth.subscriptions:
        if not one.plan and one.is_living:
            detail = f"Subscription {one.id} is for none of our products: it was not counted."
            yield Matter("unknown_product", own, detail)
    chosen = facts.choose(truth.subscriptions)
    if chosen is None:
        return
    if chosen.status not in STATUSES:
        detail = f"Subscription {chosen.id} has the unknown status {chosen.status!r}: read-only."
        yield Matter("unknown_status", own, detail)
    if chosen.is_living and _is_odd(account, chosen):
        costs = f"{chosen.quantity} × {chosen.amount_minor} {chosen.currency} a {chosen.interval}"
        detail = f"Subscription {chosen.id} costs {costs}; the account has {account.currency}."
        yield Matter("odd_price", own, detail)
    for double in facts.list_doubles(truth.subscriptions):
        detail = f"Subscription {double.id} ({double.status}) ran besides the one that counts: refund what is due."
        yield Matter("double_subscription", double.id, detail)


def _is_odd(account: Account, subscription: facts.Subscription) -> bool:
    """A price that only somebody on Stripe's pages can have made: it counts, and somebody looks at it."""
    known = subscription.plan in PLANS and subscription.interval in {"month", "year"}
    as_sold = subscription.currency == account.currency and subscription.quantity == 1
    return not (known and as_sold and subscription.amount_minor > 0)


def _list_news(account: Account, values: Mapping[str, Any]) -> Iterator[Mail]:
    """Mails about what is new since `account` was read."""
    subscription_id, is_paid = values["subscription_id"], values["status"] in PAID
    if is_paid and (subscription_id != account.subscription_id or account.status in NEVER):
        context = {"plan": values["plan"], "date": values["period_ends_at"]}
        yield Mail("subscription_started", f"subscription_started:{subscription_id}", context)
    elif is_paid and account.past_due_since:
        key = f"payment_recovered:{subscription_id}:{account.past_due_since.date()}"
        yield Mail("payment_recovered", key, {"plan": values["plan"]})
    if is_paid and values["ends_at"] and not account.ends_at:
        key = f"subscription_cancelled:{subscription_id}:{values['ends_at'].date()}"
        following = [one for one in prepaid.list_terms(account_id=account.pk) if values["ends_at"] < one.ends_at]
        then = {"then_until": following[-1].ends_at} if following else {}
        yield Mail("subscription_cancelled", key, {"date": values["ends_at"], "plan": values["plan"], **then})


def _end_what_is_doubled(account: Account, fetched: Fetched, now: datetime) -> bool:
    """End what a shop would pay twice, and close the pages where it could.

    Returns whether a subscription was ended: what is true then, a year that need not wait for it, has to be fetched.
    """
    stripe, chosen = gateway.current(), facts.choose(fetched.truth.subscriptions)
    if chosen is None or not chosen.is_living:
        return False
    pages = Checkout.objects.filter(account=account, is_open=True, is_prepay=True)
    for page in pages if fetched.sessions else ():
        if _is_stale(page, chosen):
            stripe.expire_session(page.session_id, key=f"expire-{page.session_id}")
    ending: Sequence[facts.Subscription] = ()
    if chosen.status in PAID:
        ending = facts.list_doubles(fetched.truth.subscriptions)
    elif chosen.ends_at:
        terms = prepaid.list_terms(account_id=account.pk)
        has_begun = any(term.starts_at <= now + SKEW and now < term.ends_at for term in terms)
        ending = [chosen] if has_begun else ()
    for subscription in ending:
        _end(account, subscription)
    return bool(ending)


def _is_stale(page: Checkout, chosen: facts.Subscription) -> bool:
    """A year that would replace a subscription, which goes on by now, ends at another time, or is paid again."""
    return chosen.ends_at is None or page.begins_at != (chosen.ends_at if chosen.status in PAID else None)


def _end(account: Account, subscription: facts.Subscription) -> None:
    prorate = subscription.status in PAID  # what was not paid is not credited
    key = f"double-{subscription.id}-v{account.version}-{int(prorate)}"
    gateway.current().end_subscription(subscription.id, prorate=prorate, key=key)
