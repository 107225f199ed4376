"""What billing returns. Instants are aware, amounts are minor units of `currency` (ISO, lower case)."""

from dataclasses import dataclass
from datetime import datetime

from billing.standing import Term


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A shop's account.

    `status` is Stripe's, "" for one that never subscribed. `plan` and `interval` are the subscription's, "" without
    one; what the shop may use stands in `Shop.plan`, which also knows the trial, prepaid years and overrides.
    """

    id: int
    shop_id: int
    status: str
    plan: str
    interval: str
    currency: str
    trial_ends_at: datetime | None
    period_ends_at: datetime | None
    cancel_at_period_end: bool
    ends_at: datetime | None  # when a cancelled subscription stops, or stopped
    pending_plan: str
    pending_interval: str
    past_due_since: datetime | None
    paid_until: datetime | None
    prepaid_plan: str
    terms: tuple[Term, ...]  # prepaid years, in order; also those that are over
    customer_id: str
    subscription_id: str
    version: int
    synced_at: datetime | None
    next_review_at: datetime | None
    is_subscribed: bool  # there is a subscription that can be changed, cancelled or resumed


@dataclass(frozen=True, slots=True)
class Resumption:
    """A subscription that goes on, and what it costs an interval."""

    account: AccountRow
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a payment page. `begins_at`: of the prepaid year of `plan` that it brought."""

    account: AccountRow
    plan: str
    has_arrived: bool
    begins_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice or receipt; `url` shows it at Stripe, `pdf_url` is the document. Either may be empty."""

    id: str
    number: str
    status: str  # draft, open, paid, uncollectible, void
    total_minor: int
    currency: str
    created_at: datetime
    url: str
    pdf_url: str


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change of plan would cost: due at `at` (now for an upgrade), with the rest of the old plan deducted."""

    amount_due_minor: int
    currency: str
    at: datetime
    is_upgrade: bool


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one sweep did: accounts compared, those that were wrong, and what a person has to look at."""

    checked: int
    repaired: int
    alerts: int
    failed: int = 0


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event that Stripe sent. `state`: pending, done, ignored, dead."""

    id: int
    event_id: str
    type: str
    object_id: str
    state: str
    attempts: int
    shop_id: int | None
    created_at: datetime
    received_at: datetime
    next_attempt_at: datetime | None
    processed_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Something that a person has to look at."""

    id: int
    kind: str
    detail: str
    shop_id: int | None
    raised_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """A plan that an operator gave a shop, whatever it pays."""

    id: int
    shop_id: int
    plan: str
    reason: str
    operator: str
    starts_at: datetime
    until: datetime | None
    ended_at: datetime | None
