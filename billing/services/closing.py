"""Deleting a shop with what it has at Stripe: nobody pays for a shop that is gone."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing import gateway
from billing.errors import AccountBusy
from billing.models import Account
from billing.services.checkout import close_pages
from billing.services.standing import get_facts
from billing.standing import judge
from tenants.deletion import Deletion, delete_shop
from tenants.models import Shop


@dataclass(frozen=True, slots=True)
class Closed:
    """What there was at Stripe; `customer_id` is None where the shop never went to pay."""

    customer_id: str | None
    pages: int
    subscriptions: int


def close_and_delete_shop(*, shop: Shop, only_if_due: bool = False, now: datetime) -> tuple[Closed, Deletion] | None:
    """Close payment pages, end subscriptions and delete the customer at Stripe, then the shop for good.

    `only_if_due`: nothing but the pages is touched, and None returned, where the calendar no longer asks for it, as
    when somebody paid in the last moment. Repeated after a failure it goes on where it stopped. Raises PaymentOnItsWay,
    AccountBusy where the shop went to pay again meanwhile, the gateway's errors, and what `delete_shop` raises.
    """
    closed = Closed(None, 0, 0)
    account = Account.objects.filter(shop_id=shop.pk).first()
    if account is not None:
        pages = close_pages(account, now=now)
        account.refresh_from_db()
        if only_if_due and not judge(get_facts(account), now).is_to_be_deleted:
            return None
        closed = Closed(account.customer_id, pages, _end_customer(account.customer_id))

    def look() -> None:
        _check_nothing_new(shop, closed, due_at=now if only_if_due else None)

    return closed, delete_shop(shop=shop, last_look=look, now=now)


def _end_customer(customer_id: str | None) -> int:
    """End what is charged, then delete the customer: its name, e-mail address and cards are personal data."""
    stripe = gateway.current() if customer_id else None
    if stripe is None or customer_id is None or not stripe.has_customer(customer_id):
        return 0
    living = [one for one in stripe.list_subscriptions(customer_id) if one.ended_at is None]
    for subscription in living:
        stripe.end_subscription(subscription.id, prorate=False, key=f"deleted-{subscription.id}")
    stripe.delete_customer(customer_id, key=f"deleted-{customer_id}")
    return len(living)


def _check_nothing_new(shop: Shop, closed: Closed, *, due_at: datetime | None) -> None:
    """Called in the deletion's transaction: a payment page that comes later cannot be stored, and is closed again.

    Stripe took its time: an operator may have given a plan meanwhile.
    """
    account = Account.objects.select_for_update().filter(shop_id=shop.pk).first()
    if account is None:
        return
    if account.customer_id not in {None, closed.customer_id} or account.checkouts.filter(is_open=True).exists():
        raise AccountBusy(_("Somebody of the shop went to pay in this moment. Suspend it and try again."))
    if due_at and not judge(get_facts(account), due_at).is_to_be_deleted:
        raise AccountBusy(_("Somebody gave this shop more time in this moment: it is not deleted."))
