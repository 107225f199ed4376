"""What a shop may use, from the facts about its paying and the time of day. Pure: no database, no network, no clock.

An operator's override counts alone, while it runs. Else any one of these opens a shop, and the largest plan among them
counts: a subscription that is paid, a prepaid year that runs, a trial. Without one the shop goes down step by step,
announced by mail:

    subscription past due   14 days of grace (all works) → 14 days read-only → suspended
    … ended by that         read-only at once, suspended on the same day
    trial over, cancelled   30 days read-only → suspended
    suspended               90 days → data deleted; warned 30, 7 and 1 days before

What is not understood (a status or product of Stripe's that we do not know, also a pause) is read-only and goes no
further down: nothing is ever deleted by a misunderstanding. docs/billing.md has the picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from billing.plans import TRIAL, get_allowance, rank_of

TRIAL_LENGTH = timedelta(days=14)
TRIAL_WARNING = timedelta(days=3)
PREPAID_WARNING = timedelta(days=30)
GRACE = timedelta(days=14)
REMINDERS_IN_GRACE = (timedelta(0), timedelta(days=7), timedelta(days=12))
READ_ONLY_AFTER_GRACE = timedelta(days=14)
READ_ONLY = timedelta(days=30)
KEPT_SUSPENDED = timedelta(days=90)
DELETION_WARNINGS = (timedelta(days=30), timedelta(days=7), timedelta(days=1))

PAID = frozenset({"active", "trialing"})
OWING = frozenset({"past_due", "unpaid"})
NEVER = frozenset({"", "incomplete", "incomplete_expired"})  # what was before holds
ENDED = frozenset({"canceled", "unpaid"})
STATUSES = PAID | NEVER | ENDED | {"past_due", "paused"}

OPEN, READ_ONLY_ACCESS, SUSPENDED = "open", "read_only", "suspended"
FREEDOM = {OPEN: 2, READ_ONLY_ACCESS: 1, SUSPENDED: 0}


@dataclass(frozen=True, slots=True)
class Term:
    """A prepaid year, half-open. A larger one may run beside a smaller one, whose rest was deducted from its price."""

    plan: str
    starts_at: datetime
    ends_at: datetime
    was_returned: bool = False  # its money went back, so it ended then
    value_minor: int = 0  # what was paid for it, deductions included, without what went back or is disputed


@dataclass(frozen=True, slots=True)
class Awaited:
    """A payment by bank that was sent and has not arrived: `since` its page was opened, `until` it has failed."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Override:
    """A plan given by an operator, half-open; `ends_at` None: until further notice."""

    plan: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class End:
    """Of something that opened the shop, with the plan that it had."""

    at: datetime
    cause: str
    plan: str
    suspended_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the standing of a shop depends on besides the time."""

    status: str = ""
    plan: str = ""  # of the subscription; "" also where its product is none of ours
    trial_ends_at: datetime | None = None
    ends_at: datetime | None = None  # when a cancelled subscription will stop
    past_due_since: datetime | None = None  # of a subscription that ended owing too
    ended_at: datetime | None = None
    terms: Sequence[Term] = ()
    overrides: Sequence[Override] = ()
    awaited: Awaited | None = None
    deletion_warned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that the present step calls for; sent once for its `key`."""

    template: str
    key: str
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the shop may use now, and when to look again (None: only when a fact changes)."""

    access: str
    plan: str
    notice: Mapping[str, str] = field(default_factory=dict)  # {"kind", "at", …}; instants as ISO text
    next_review_at: datetime | None = None
    mail: Mail | None = None
    warns_of_deletion: bool = False
    is_to_be_deleted: bool = False

    @property
    def limits(self) -> Mapping[str, int]:
        """By resource; none for a shop that was made by hand."""
        return get_allowance(self.plan).limits if self.plan else {}

    @property
    def features(self) -> tuple[str, ...]:
        """Of the plan."""
        return get_allowance(self.plan).features if self.plan else ()


def judge(facts: Facts, now: datetime) -> Standing:
    """Return what the facts mean at `now`; it holds until `next_review_at` unless a fact changes."""
    standing = _wait(facts, _judge(facts, now), now)
    begins = [*(term.starts_at for term in facts.terms), *(one.starts_at for one in facts.overrides)]
    reviews = [*_later(now, begins), *([standing.next_review_at] if standing.next_review_at else [])]
    return replace(standing, next_review_at=min(reviews, default=None))


def _wait(facts: Facts, standing: Standing, now: datetime) -> Standing:
    """While money is on its way the shop loses nothing that it had when it was sent; it gets nothing before."""
    awaited = facts.awaited
    if awaited is None or not awaited.since <= now < awaited.until:
        return standing
    held = _judge(facts, awaited.since)
    if FREEDOM[held.access] <= FREEDOM[standing.access]:
        return standing
    return Standing(held.access, held.plan, {"kind": "payment_awaited", "at": awaited.until.isoformat()}, awaited.until)


def _judge(facts: Facts, now: datetime) -> Standing:
    override = next((one for one in facts.overrides if _runs(one.starts_at, one.ends_at, now)), None)
    if override is not None:
        return Standing(OPEN, override.plan, next_review_at=override.ends_at)
    paid = max(_list_paid(facts, now), key=lambda standing: rank_of(standing.plan), default=None)
    if paid is not None:
        return paid
    if facts.status == "past_due" and facts.plan and facts.past_due_since:
        return _judge_past_due(facts, facts.past_due_since, now)
    if facts.status not in NEVER | ENDED:
        cause = "paused" if facts.status == "paused" else "unknown"
        return Standing(READ_ONLY_ACCESS, facts.plan or TRIAL, {"kind": "read_only", "cause": cause})
    end = _find_end(facts, now)
    return _go_down(facts, end, now) if end else Standing(OPEN, "")


def _list_paid(facts: Facts, now: datetime) -> Iterator[Standing]:
    """Each reason for which the shop is open."""
    if facts.status in PAID and facts.plan:
        ends_at = facts.ends_at
        is_last = ends_at is not None and not any(term.starts_at <= ends_at < term.ends_at for term in facts.terms)
        notice = {"kind": "cancelled", "at": ends_at.isoformat()} if ends_at and is_last else {}
        yield Standing(OPEN, facts.plan, notice, min(_later(now, _ends_of_terms(facts)), default=None))
    for term in facts.terms:
        if _runs(term.starts_at, term.ends_at, now):
            yield _judge_prepaid(facts, term, now)
    if facts.status in NEVER and facts.ended_at is None and facts.trial_ends_at and now < facts.trial_ends_at:
        yield _judge_trial(facts.trial_ends_at, now)


def _judge_trial(ends_at: datetime, now: datetime) -> Standing:
    notice = {"kind": "trial", "at": ends_at.isoformat()}
    if now < ends_at - TRIAL_WARNING:
        return Standing(OPEN, TRIAL, notice, ends_at - TRIAL_WARNING)
    mail = Mail("trial_ending", f"trial_ending:{_day(ends_at)}", {"days": _days(ends_at - now), "date": ends_at})
    return Standing(OPEN, TRIAL, notice, ends_at, mail)


def _judge_prepaid(facts: Facts, term: Term, now: datetime) -> Standing:
    last = facts.terms[-1].ends_at
    if now < last - PREPAID_WARNING:
        return Standing(OPEN, term.plan, {}, min(_later(now, [term.ends_at, last - PREPAID_WARNING])))
    mail = Mail("prepaid_ending", f"prepaid_ending:{_day(last)}", {"days": _days(last - now), "date": last})
    notice = {"kind": "prepaid_ending", "at": last.isoformat()}
    return Standing(OPEN, term.plan, notice, min(_later(now, [term.ends_at, last])), mail)


def _judge_past_due(facts: Facts, since: datetime, now: datetime) -> Standing:
    ends = [since, *_ends_of_terms(facts), *_ends_of_overrides(facts)]
    since = max(end for end in ends if end <= now) if since <= now else since
    grace_ends_at = since + GRACE
    if now < grace_ends_at:
        step = max((wait for wait in REMINDERS_IN_GRACE if since + wait <= now), default=REMINDERS_IN_GRACE[0])
        reviews = [*(since + wait for wait in REMINDERS_IN_GRACE), grace_ends_at]
        return Standing(
            OPEN,
            facts.plan,
            {"kind": "payment_failed", "at": grace_ends_at.isoformat()},
            min(_later(now, reviews)),
            Mail("payment_failed", f"payment_failed:{_day(since)}:{step.days}", {"date": grace_ends_at}),
        )
    end = End(grace_ends_at, "payment_failed", facts.plan, grace_ends_at + READ_ONLY_AFTER_GRACE)
    return _go_down(facts, end, now)


def _go_down(facts: Facts, end: End, now: datetime) -> Standing:
    """Read-only from its end on, then suspended, then deleted."""
    plan, cause, suspended_at = end.plan, end.cause, end.suspended_at
    template = "trial_ended" if cause == "trial_ended" else "read_only"
    if any(now < term.starts_at for term in facts.terms):  # what is paid and still to come is waited for
        mail = Mail(template, f"{template}:{_day(end.at)}", {})
        return Standing(READ_ONLY_ACCESS, plan, {"kind": "read_only", "cause": cause}, None, mail)
    if now < suspended_at:
        return Standing(
            READ_ONLY_ACCESS,
            plan,
            {"kind": "read_only", "cause": cause, "at": suspended_at.isoformat()},
            suspended_at,
            Mail(template, f"{template}:{_day(end.at)}", {"date": suspended_at}),
        )
    planned = suspended_at + KEPT_SUSPENDED
    first_warning = DELETION_WARNINGS[0]
    # Announced a whole month before, also where nobody looked for months.
    deleted_at = max(planned, (facts.deletion_warned_at or max(now, planned - first_warning)) + first_warning)
    notice = {"kind": "suspended", "cause": cause, "at": deleted_at.isoformat()}
    warnings = [deleted_at - before for before in DELETION_WARNINGS]
    if now < warnings[0]:
        mail = Mail("suspended", f"suspended:{_day(suspended_at)}", {"date": deleted_at})
        return Standing(SUSPENDED, plan, notice, warnings[0], mail)
    if now < deleted_at:
        step = max(at for at in warnings if at <= now)
        days = (deleted_at - step).days
        mail = Mail(
            "deletion_warning",
            f"deletion_warning:{_day(deleted_at)}:{days}",
            {"days": _days(deleted_at - now), "date": deleted_at},
        )
        following = min(_later(now, [*warnings, deleted_at]))
        return Standing(SUSPENDED, plan, notice, following, mail, warns_of_deletion=True)
    return Standing(SUSPENDED, plan, notice, None, is_to_be_deleted=True)


def _find_end(facts: Facts, now: datetime) -> End | None:
    """The last end of what opened the shop; None for a shop made by hand."""
    ends = list(_list_ends_of_subscriptions(facts))
    if not (ends or facts.trial_ends_at or facts.terms) and facts.status in NEVER:
        return None  # an override alone makes no customer of a shop that an operator opened
    for term in facts.terms:
        if term.ends_at <= now:
            ends.append(_end(term.ends_at, "refunded" if term.was_returned else "prepaid_ended", term.plan))
    ends += [
        _end(one.ends_at, "override_ended", one.plan) for one in facts.overrides if one.ends_at and one.ends_at <= now
    ]
    has_subscribed = facts.status in ENDED or facts.ended_at is not None
    if facts.trial_ends_at and not (has_subscribed and ends):  # who subscribed has no trial any more
        ends.append(_end(facts.trial_ends_at, "trial_ended", TRIAL))
    default = _end(now, "cancelled", facts.plan or TRIAL)
    # Of what ended at the same instant, the larger plan.
    return max(ends, key=lambda end: (end.at, rank_of(end.plan)), default=default)


def _list_ends_of_subscriptions(facts: Facts) -> Iterator[End]:
    """One that ended owing goes down on the days on which it would have: to be ended is no gift."""
    plan, debt = facts.plan or TRIAL, facts.past_due_since
    last_day = debt + GRACE + READ_ONLY_AFTER_GRACE if debt else None
    if facts.status == "unpaid" and debt and last_day:
        yield End(debt, "payment_failed", plan, last_day)
    if facts.ended_at and debt and last_day:
        at = min(facts.ended_at, debt + GRACE)
        yield End(at, "payment_failed", plan, min(facts.ended_at + READ_ONLY, last_day))
    elif facts.ended_at:
        yield _end(facts.ended_at, "cancelled", plan)


def _end(at: datetime, cause: str, plan: str) -> End:
    return End(at, cause, plan, at + READ_ONLY)


def _ends_of_terms(facts: Facts) -> list[datetime]:
    return [term.ends_at for term in facts.terms]


def _ends_of_overrides(facts: Facts) -> list[datetime]:
    return [one.ends_at for one in facts.overrides if one.ends_at]


def _runs(starts_at: datetime, ends_at: datetime | None, now: datetime) -> bool:
    return starts_at <= now and (ends_at is None or now < ends_at)


def _later(now: datetime, instants: Sequence[datetime]) -> list[datetime]:
    return [instant for instant in instants if instant > now]


def _day(instant: datetime) -> str:
    return instant.date().isoformat()


def _days(span: timedelta) -> int:
    """Whole days, the begun one counted."""
    return -(-span // timedelta(days=1))
