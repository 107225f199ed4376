"""What changes accounts. All run outside a tenant transaction; those that talk to Stripe outside any transaction."""

from billing.services.accounts import (
    adopt_customer,
    end_override,
    give_plan,
    open_shop_on_trial,
    resolve_alert,
    restore_shop_without_plan,
)
from billing.services.catalog import sync_prices
from billing.services.checkout import open_portal, set_tax_id, settle_checkout, start_checkout
from billing.services.closing import close_and_delete_shop
from billing.services.events import (
    bury_lost_events,
    forget_settled_events,
    process_event,
    receive_event,
    retry_event,
)
from billing.services.reconcile import reconcile
from billing.services.review import review_accounts
from billing.services.standing import set_access_by_hand
from billing.services.subscription import cancel_subscription, change_plan, preview_change, resume_subscription
from billing.services.sync import sync_account

__all__ = [
    "adopt_customer",
    "bury_lost_events",
    "cancel_subscription",
    "change_plan",
    "close_and_delete_shop",
    "end_override",
    "forget_settled_events",
    "give_plan",
    "open_portal",
    "open_shop_on_trial",
    "preview_change",
    "process_event",
    "receive_event",
    "reconcile",
    "resolve_alert",
    "restore_shop_without_plan",
    "resume_subscription",
    "retry_event",
    "review_accounts",
    "set_access_by_hand",
    "set_tax_id",
    "settle_checkout",
    "start_checkout",
    "sync_account",
    "sync_prices",
]
