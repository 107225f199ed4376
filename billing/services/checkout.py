"""Paying: Stripe's payment page, what comes back from it, and Stripe's page for cards and invoices."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import F
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing import gateway
from billing.errors import AccountBusy, NotSubscribed, PaymentOnItsWay, PricesMissing, TaxIdInvalid
from billing.facts import Session
from billing.models import Account, Checkout
from billing.plans import get_plan, lookup_key, product_id
from billing.purchases import Way, find_credit, find_promised_begin, refuse_purchase
from billing.selectors import find_settlement, to_row
from billing.services.accounts import open_account
from billing.services.sync import sync_account
from billing.types import Settlement
from tenants.models import Shop

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Page:
    """What a payment page is for."""

    plan: str
    interval: str
    is_prepay: bool
    amount_minor: int
    currency: str
    begins_at: datetime | None  # of a prepaid year: until then all is paid …
    after_subscription_id: str  # … by this one
    credit_minor: int  # deducted from the price


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
    price = get_plan(plan).get_price(interval, account.currency)
    if account.customer_id or account.checkouts.filter(is_open=True).exists():
        sync_account(account_id=account.pk, now=now)
        account.refresh_from_db()
    _ensure_customer(account, shop, email)
    for _attempt in range(ATTEMPTS):
        # The version is read before the open pages are, so a page that comes in between is noticed when ours is stored.
        account = Account.objects.get(pk=account.pk)
        row = to_row(account)
        begins_at = find_promised_begin(row) if prepay else None
        credit = find_credit(row, plan=plan, now=now) if prepay else 0
        page = Page(
            plan=plan,
            interval=interval,
            is_prepay=prepay,
            amount_minor=price - credit,
            currency=account.currency,
            begins_at=begins_at,
            after_subscription_id=row.subscription_id if begins_at else "",
            credit_minor=credit,
        )
        way: Way = "prepay" if prepay else "month" if interval == "month" else "year"
        if refusal := refuse_purchase(row, plan=plan, way=way, now=now):
            raise refusal
        there = [
            (one, gateway.current().find_session(one.session_id)) for one in account.checkouts.filter(is_open=True)
        ]
        if any(session and session.is_paid for _checkout, session in there):
            sync_account(account_id=account.pk, now=now)  # paid in this moment
            continue
        reusable, others = _sort_pages(there, page)
        if others:
            for session in others:
                gateway.current().expire_session(session.id, key=f"expire-{session.id}")
            sync_account(account_id=account.pk, now=now)  # what they are now: one may have been paid in this moment
            continue
        url = reusable or _open_page(account, page, success_url, cancel_url, now)
        if url:
            return url
    raise AccountBusy(_("The account is being changed by others. Try again in a moment."))


def _sort_pages(there: Sequence[tuple[Checkout, Session | None]], wanted: Page) -> tuple[str, list[Session]]:
    """The address of the page that is open for the same, "" without one, and the other open pages."""
    url, others = "", []
    for checkout, session in there:
        if session is None or session.status != "open":
            continue
        if not url and wanted == Page(*(getattr(checkout, name) for name in Page.__slots__)):
            url = session.url
        else:
            others.append(session)
    return url, others


def _open_page(account: Account, page: Page, success_url: str, cancel_url: str, now: datetime) -> str:
    """The address of a new page; "" where the account was changed meanwhile, perhaps by a page of another click."""
    params = {**_describe(account, page), "success_url": success_url, "cancel_url": cancel_url}
    session = gateway.current().open_checkout(params, key=make_key(account, "checkout", params))
    with transaction.atomic():
        row = Account.objects.filter(pk=account.pk, version=account.version)
        if row.update(version=F("version") + 1):
            Checkout.objects.create(
                account=account, session_id=session.id, created_at=now, expires_at=session.expires_at, **asdict(page)
            )
            return session.url
    if Checkout.objects.filter(session_id=session.id, is_open=True).exists():
        return session.url  # the other click was the same wish
    gateway.current().expire_session(session.id, key=f"expire-{session.id}")
    return ""


def close_pages(account: Account, *, now: datetime) -> int:
    """Expire the pages that are open, and count what was paid there before. Returns how many there were.

    Raises PaymentOnItsWay.
    """
    sessions = list(account.checkouts.filter(is_open=True).values_list("session_id", flat=True))
    for session_id in sessions:
        gateway.current().expire_session(session_id, key=f"expire-{session_id}")
    if sessions:
        sync_account(account_id=account.pk, now=now)
        if account.checkouts.filter(is_open=True).exists():
            raise PaymentOnItsWay(
                _("A payment of this shop is still on its way by bank. Wait until it has arrived or failed.")
            )
    return len(sessions)


def _ensure_customer(account: Account, shop: Shop, email: str) -> None:
    """Make the shop a customer at Stripe, and know it before anything can be paid."""
    if account.customer_id is None:
        about = {"email": email, "name": shop.name, "language": shop.language, "shop": shop.slug}
        customer_id = gateway.current().create_customer(**about, key=make_key(account, "customer", about))
        row = Account.objects.filter(pk=account.pk, customer_id=None)
        row.update(customer_id=customer_id, version=F("version") + 1)


def _describe(account: Account, page: Page) -> dict[str, Any]:
    kind: Literal["month", "year", "prepay"] = "month" if page.interval == "month" else "year"
    item: dict[str, Any]
    if page.credit_minor:
        product = product_id(page.plan)
        item = {"price_data": {"currency": page.currency, "product": product, "unit_amount": page.amount_minor}}
    else:
        item = {"price": find_price(page.plan, "prepay" if page.is_prepay else kind, page.currency)}
    params: dict[str, Any] = {
        "mode": "payment" if page.is_prepay else "subscription",
        "customer": account.customer_id,
        "line_items": [{**item, "quantity": 1}],
        "locale": "zh" if (get_language() or "").startswith("zh") else "en",
        "customer_update": {"address": "auto", "name": "auto"},
        "tax_id_collection": {"enabled": True},
    }
    if page.is_prepay:
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


def settle_checkout(*, shop: Shop, session_id: str, now: datetime) -> Settlement:
    """Return what became of a payment page, whether or not its events have arrived.

    Raises CheckoutUnknown for a page that this shop did not open.
    """
    account_id = find_settlement(shop=shop, session_id=session_id).account.id
    sync_account(account_id=account_id, now=now)
    return find_settlement(shop=shop, session_id=session_id)


def open_portal(*, shop: Shop, return_url: str) -> str:
    """Return the address of Stripe's page for cards, invoices and cancelling. Raises NotSubscribed."""
    return gateway.current().open_portal(get_customer_id(shop), return_url=return_url)


def set_tax_id(*, shop: Shop, kind: str, value: str) -> str:
    """Give the tax number that invoices show (`kind` is Stripe's, `cn_tin`), "" takes it away; return the former.

    Raises TaxIdInvalid, and NotSubscribed before the first payment.
    """
    kind, value = kind.strip(), value.strip()
    if value and not kind:
        raise TaxIdInvalid(_("Choose the kind of the number."), field=["kind"])
    customer_id = get_customer_id(shop)
    account = Account.objects.get(shop_id=shop.pk)
    key = make_key(account, "tax-id", {"kind": kind, "value": value})
    former = gateway.current().set_tax_id(customer_id, kind=kind, value=value, key=key)
    # What is wished after this is another wish, also if it is the same number again.
    Account.objects.filter(pk=account.pk).update(version=F("version") + 1)
    return former


def get_customer_id(shop: Shop) -> str:
    """Stripe's id of the shop. Raises NotSubscribed for one that never went to pay."""
    customer_id = Account.objects.filter(shop_id=shop.pk).values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise NotSubscribed(_("This shop has not paid anything yet. Choose a plan first."))
    return customer_id
