"""What changes accounts. All run outside a tenant transaction; those that talk to Stripe outside any transaction."""

from datetime import datetime

from staff.types import OpenedShop

from billing.types import AccountRow, ChangePreview, Reconciled
from tenants.models import Shop


def open_shop_on_trial(
    *, slug: str, name: str, email: str, password: str, language: str, industry: str, now: datetime
) -> OpenedShop:
    """Open a shop whose trial begins now, all or nothing. Raises `staff.errors.ShopRefused`."""
    raise NotImplementedError


def start_checkout(
    *,
    shop: Shop,
    plan: str,
    interval: str,
    prepay: bool,
    email: str,
    success_url: str,
    cancel_url: str,
    now: datetime,
) -> str:
    """Return the address of Stripe's payment page. `prepay`: one year by a single payment, also from a wallet."""
    raise NotImplementedError


def settle_checkout(*, shop: Shop, session_id: str, now: datetime) -> AccountRow:
    """Return the account as it is after a payment page, whether or not its events have arrived."""
    raise NotImplementedError


def open_portal(*, shop: Shop, return_url: str) -> str:
    """Return the address of Stripe's page for cards, invoices and cancelling."""
    raise NotImplementedError


def preview_change(*, shop: Shop, plan: str, interval: str, now: datetime) -> ChangePreview:
    """Return what `change_plan` would cost."""
    raise NotImplementedError


def change_plan(*, shop: Shop, plan: str, interval: str, now: datetime) -> AccountRow:
    """Upgrade at once, or downgrade when the period ends; the plan of now takes a planned downgrade back."""
    raise NotImplementedError


def cancel_subscription(*, shop: Shop, now: datetime) -> AccountRow:
    """Let the subscription end with its period."""
    raise NotImplementedError


def resume_subscription(*, shop: Shop, now: datetime) -> AccountRow:
    """Take a cancellation back, or a pause."""
    raise NotImplementedError


def set_tax_id(*, shop: Shop, kind: str, value: str) -> None:
    """Give the tax number that invoices show; "" takes it away."""
    raise NotImplementedError


def receive_event(*, payload: bytes, signature: str, now: datetime) -> str:
    """Verify and store an event, have it processed, and return its id at Stripe. Raises EventRefused."""
    raise NotImplementedError


def process_event(*, event_id: int, now: datetime) -> None:
    """Do what an event asks for, exactly once."""
    raise NotImplementedError


def retry_event(*, event_id: int, now: datetime) -> None:
    """Have a dead event tried again from the start."""
    raise NotImplementedError


def sync_account(*, account_id: int, now: datetime) -> bool:
    """Make the account what Stripe says it is. Returns whether anything was otherwise."""
    raise NotImplementedError


def reconcile(*, now: datetime, limit: int | None = None) -> Reconciled:
    """Compare accounts with Stripe, the longest unseen first, and repair them. `limit`: at most so many accounts."""
    raise NotImplementedError


def review_accounts(*, now: datetime) -> int:
    """Do what has become due by the calendar: ends of trials and grace, warnings, deletions. Returns how many."""
    raise NotImplementedError


def give_plan(*, shop: Shop, plan: str, reason: str, operator: str, until: datetime | None, now: datetime) -> None:
    """Let a shop use a plan whatever it pays, until `until` or `end_override`; replaces the override there is."""
    raise NotImplementedError


def end_override(*, shop: Shop, now: datetime) -> None:
    """What the shop pays for counts again."""
    raise NotImplementedError


def resolve_alert(*, alert_id: int, now: datetime) -> None:
    """Note that a person has looked at it."""
    raise NotImplementedError
