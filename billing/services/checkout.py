"""Paying: Stripe's payment page, what comes back from it, and Stripe's page for cards and invoices."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import F
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing import gateway
from billing.errors import AlreadySubscribed, CheckoutUnknown, NotSubscribed, PricesMissing, TaxIdInvalid
from billing.models import Account, Checkout
from billing.plans import get_plan, lookup_key
from billing.selectors import LIVING, to_row
from billing.services.accounts import open_account
from billing.services.sync import sync_account
from billing.types import AccountRow
from tenants.models import Shop


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
    """Return the address of Stripe's payment page. `prepay`: one year by a single payment, also from a wallet.

    Stripe puts its id of the page in the place of `{CHECKOUT_SESSION_ID}` in `success_url`. A page that was opened
    before is used again for the same, and closed for something else: nobody pays for both. Raises PlanUnknown,
    AlreadySubscribed, PricesMissing and the gateway's errors.
    """
    interval = "year" if prepay else interval
    account = open_account(shop=shop, trial_ends_at=None, now=now)
    amount = get_plan(plan).get_price(interval, account.currency)
    if account.customer_id or account.checkouts.filter(is_open=True).exists():
        sync_account(account_id=account.pk, now=now)
        account.refresh_from_db()
    if account.status in LIVING and not prepay:
        raise AlreadySubscribed(_("This shop has a subscription. Change its plan instead of buying a second one."))
    reused = _reuse_page(account, plan=plan, interval=interval, prepay=prepay, amount=amount)
    if reused:
        return reused
    account = _ensure_customer(account, shop, email)
    price_id = find_price(plan, "prepay" if prepay else "month" if interval == "month" else "year", account.currency)
    params = _describe_page(account, price_id, prepay=prepay, success_url=success_url, cancel_url=cancel_url)
    session = gateway.current().open_checkout(params, key=make_key(account, "checkout", params))
    with transaction.atomic():
        Checkout.objects.get_or_create(
            session_id=session.id,
            defaults={
                "account": account,
                "plan": plan,
                "interval": interval,
                "is_prepay": prepay,
                "amount_minor": amount,
                "currency": account.currency,
                "created_at": now,
                "expires_at": session.expires_at,
            },
        )
        Account.objects.filter(pk=account.pk).update(version=F("version") + 1)
    return session.url


def _reuse_page(account: Account, *, plan: str, interval: str, prepay: bool, amount: int) -> str:
    """The address of the page that is open for the same; any other open page is closed."""
    wanted = (plan, interval, prepay, amount, account.currency)
    url = ""
    for page in account.checkouts.filter(is_open=True).order_by("id"):
        session = gateway.current().find_session(page.session_id)
        is_same = (page.plan, page.interval, page.is_prepay, page.amount_minor, page.currency) == wanted
        if is_same and not url and session and session.status == "open":
            url = session.url
        elif session and session.status == "open":
            gateway.current().expire_session(page.session_id, key=f"expire-{page.session_id}")
            Checkout.objects.filter(pk=page.pk).update(is_open=False)
            Account.objects.filter(pk=account.pk).update(version=F("version") + 1)
    return url


def _ensure_customer(account: Account, shop: Shop, email: str) -> Account:
    """Make the shop a customer at Stripe, and know it before anything can be paid."""
    if account.customer_id is None:
        about = {"email": email, "name": shop.name, "language": shop.language, "shop": shop.slug}
        customer_id = gateway.current().create_customer(**about, key=make_key(account, "customer", about))
        row = Account.objects.filter(pk=account.pk, customer_id=None)
        row.update(customer_id=customer_id, version=F("version") + 1)
    return Account.objects.get(pk=account.pk)


def _describe_page(
    account: Account, price_id: str, *, prepay: bool, success_url: str, cancel_url: str
) -> dict[str, Any]:
    params: dict[str, Any] = {
        "mode": "payment" if prepay else "subscription",
        "customer": account.customer_id,
        "line_items": [{"price": price_id, "quantity": 1}],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "locale": "zh" if (get_language() or "").startswith("zh") else "en",
        "customer_update": {"address": "auto", "name": "auto"},
        "tax_id_collection": {"enabled": True},
    }
    if prepay:
        params["invoice_creation"] = {"enabled": True}
    return params


def find_price(plan: str, kind: Literal["month", "year", "prepay"], currency: str) -> str:
    """Return Stripe's id of the price that is sold now. Raises PricesMissing."""
    key = lookup_key(plan, kind, currency)
    price = gateway.current().find_prices([key]).get(key)
    if price is None:
        raise PricesMissing(
            _("The payment provider does not know our prices yet. The operator runs: laxin billing sync")
        )
    return str(price["id"])


def make_key(account: Account, intent: str, params: Mapping[str, Any]) -> str:
    """The same for the same wish at the same state of the account: sent twice, it is done once."""
    said = json.dumps(params, sort_keys=True, default=str)
    return f"{intent}-{account.pk}-v{account.version}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def settle_checkout(*, shop: Shop, session_id: str, now: datetime) -> AccountRow:
    """Return the account as it is after a payment page, whether or not its events have arrived.

    Raises CheckoutUnknown for a page that this shop did not open.
    """
    account = Account.objects.filter(shop_id=shop.pk, checkouts__session_id=session_id).first()
    if account is None:
        raise CheckoutUnknown(_("This payment page is not one of this shop's. Look at the page Billing."))
    sync_account(account_id=account.pk, now=now)
    return to_row(Account.objects.get(pk=account.pk))


def open_portal(*, shop: Shop, return_url: str) -> str:
    """Return the address of Stripe's page for cards, invoices and cancelling. Raises NotSubscribed."""
    return gateway.current().open_portal(get_customer_id(shop), return_url=return_url)


def set_tax_id(*, shop: Shop, kind: str, value: str) -> None:
    """Give the tax number that invoices show (`kind` is Stripe's, `cn_tin`); "" takes it away.

    Raises TaxIdInvalid, and NotSubscribed before the first payment.
    """
    kind, value = kind.strip(), value.strip()
    if value and not kind:
        raise TaxIdInvalid(_("Choose the kind of the number."), field=["kind"])
    customer_id = get_customer_id(shop)
    account = Account.objects.get(shop_id=shop.pk)
    key = make_key(account, "tax-id", {"kind": kind, "value": value})
    gateway.current().set_tax_id(customer_id, kind=kind, value=value, key=key)


def get_customer_id(shop: Shop) -> str:
    """Stripe's id of the shop. Raises NotSubscribed for one that never went to pay."""
    customer_id = Account.objects.filter(shop_id=shop.pk).values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise NotSubscribed(_("This shop has not paid anything yet. Choose a plan first."))
    return customer_id
