"""All that is asked of Stripe; the only importer of `stripe`. Talks to the network: never call it in a transaction.

Every write carries an idempotency key that the caller makes of what it wants and of the account's version: a call that
is repeated after a lost answer, or by a second click, is one call. Raises PaymentProviderDown, PaymentProviderRefused,
PaymentDeclined, TaxIdInvalid.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.utils.translation import gettext as _
from stripe import HTTPClient, RequestsClient, StripeClient, WebhookSignature

from billing import facts
from billing.charges import Charge, read_charge
from billing.errors import (
    BillingError,
    EventRefused,
    PaymentDeclined,
    PaymentProviderDown,
    PaymentProviderRefused,
    TaxIdInvalid,
)
from billing.types import InvoiceRow

TIMEOUTS = (3.05, 12.0)  # seconds to connect, to wait for the answer
RETRIES = 2
TOLERANCE = timedelta(minutes=5)
PAGE = 100
RECENT = 20  # enough for who owes, mostly; more are fetched page by page
MAX_SIGNATURE_LENGTH = 2_000
WANTS_THE_PAYER = frozenset(
    {
        "authentication_required",
        "invoice_payment_intent_requires_action",
        "subscription_payment_intent_requires_action",
    }
)

logger = logging.getLogger(__name__)

type Document = Mapping[str, Any]


class Gateway:
    """Stripe with one key."""

    def __init__(self, *, key: str, url: str, http_client: HTTPClient | None = None) -> None:
        self._client = StripeClient(
            key,
            base_addresses={"api": url},
            max_network_retries=RETRIES,
            http_client=http_client or RequestsClient(timeout=TIMEOUTS),
        )

    # Customers

    def create_customer(self, *, email: str, name: str, language: str, shop: str, key: str) -> str:
        """Return the id of a new customer. What stands in its metadata is for people who read Stripe's pages."""
        locales = ["zh"] if language.startswith("zh") else [language]
        params: Any = {"email": email, "name": name, "preferred_locales": locales, "metadata": {"shop": shop}}
        return str(self._write(lambda options: self._client.v1.customers.create(params, options), key)["id"])

    def has_customer(self, customer_id: str) -> bool:
        """Tell whether the customer is there and was not deleted."""
        found = self._find(lambda: self._client.v1.customers.retrieve(customer_id))
        return found is not None and not found.get("deleted")

    def delete_customer(self, customer_id: str, *, key: str) -> None:
        """Delete a customer with its cards; subscriptions that still run end. One that is gone stays so."""
        try:
            self._write(lambda options: self._client.v1.customers.delete(customer_id, None, options), key)
        except PaymentProviderRefused as error:
            if not _is_missing(error.__cause__):
                raise

    def set_tax_id(self, customer_id: str, *, kind: str, value: str, key: str) -> str:
        """Make this the customer's only tax id, "" takes it away; return the former. Raises TaxIdInvalid."""
        service = self._client.v1.customers.tax_ids
        there = self._read(lambda: service.list(customer_id, {"limit": PAGE}))["data"]
        if value and not any((one["type"], one["value"]) == (kind, value) for one in there):
            params: Any = {"type": kind, "value": value}
            try:
                self._write(lambda options: service.create(customer_id, params, options), key)
            except PaymentProviderRefused as error:
                if isinstance(error.__cause__, stripe.InvalidRequestError) and error.__cause__.code == "tax_id_invalid":
                    raise TaxIdInvalid(
                        _("This is no tax number of the chosen kind. Check it and try again."), field=["value"]
                    ) from error
                raise
        for one in there:
            if (one["type"], one["value"]) != (kind, value):
                self._write(
                    lambda options, gone=one["id"]: service.delete(customer_id, gone, None, options),  # type: ignore[misc]
                    f"{key}-{one['id']}",
                )
        return str(there[0]["value"]) if there else ""

    def list_tax_ids(self, customer_id: str) -> list[tuple[str, str]]:
        """Return pairs of kind and value."""
        page = self._read(lambda: self._client.v1.customers.tax_ids.list(customer_id, {"limit": PAGE}))
        return [(one["type"], one["value"]) for one in page["data"]]

    # Subscriptions

    def list_subscriptions(self, customer_id: str) -> list[facts.Subscription]:
        """Return all of a customer's, those that ended too."""
        params: Any = {"customer": customer_id, "status": "all", "limit": PAGE}
        return [facts.read_subscription(one) for one in self._list(self._client.v1.subscriptions.list, params)]

    def iterate_living_subscriptions(self) -> Iterator[facts.Subscription]:
        """Yield every subscription of every customer that has not ended."""
        for document in self._list(self._client.v1.subscriptions.list, {"limit": PAGE}):
            yield facts.read_subscription(document)

    def update_subscription(self, subscription_id: str, params: Document, *, key: str) -> None:
        """Change a subscription. Raises PaymentDeclined where the change is to be paid at once and was not."""
        values: Any = params
        self._write(lambda options: self._client.v1.subscriptions.update(subscription_id, values, options), key)

    def resume_subscription(self, subscription_id: str, *, key: str) -> None:
        """Wake a paused one; a new period begins."""
        self._write(lambda options: self._client.v1.subscriptions.resume(subscription_id, {}, options), key)

    def end_subscription(self, subscription_id: str, *, prorate: bool, key: str) -> None:
        """End a subscription at once; `prorate`: the rest of the period is credited. One that is over stays so."""
        params: Any = {"prorate": prorate}
        try:
            self._write(lambda options: self._client.v1.subscriptions.cancel(subscription_id, params, options), key)
        except PaymentProviderRefused as error:
            if not _is_missing(error.__cause__):
                raise

    def plan_change(
        self, subscription: facts.Subscription, *, price_id: str, plan: str, interval: str, key: str
    ) -> None:
        """Let the subscription go over to another price when its period ends."""
        service = self._client.v1.subscription_schedules
        schedule_id = subscription.schedule_id
        if not schedule_id:
            make: Any = {"from_subscription": subscription.id}
            schedule_id = self._write(lambda options: service.create(make, options), f"{key}-schedule")["id"]
        schedule = self._read(lambda: service.retrieve(schedule_id))
        current = schedule["current_phase"] or schedule["phases"][0]
        params: Any = {
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [
                {
                    "items": [{"price": subscription.price_id, "quantity": 1}],
                    "start_date": current["start_date"],
                    "end_date": _seconds(subscription.period_ends_at),
                },
                {
                    "items": [{"price": price_id, "quantity": 1}],
                    "duration": {"interval": interval, "interval_count": 1},
                    "proration_behavior": "none",
                },
            ],
        }
        self._write(lambda options: service.update(schedule_id, params, options), key)

    def drop_planned_change(self, schedule_id: str, *, key: str) -> None:
        """Take a planned change back; the subscription goes on as it is."""
        self._write(lambda options: self._client.v1.subscription_schedules.release(schedule_id, {}, options), key)

    def find_schedule(self, schedule_id: str) -> facts.Schedule | None:
        """Return what a schedule will change, or None."""
        params: Any = {"expand": ["phases.items.price"]}
        found = self._find(lambda: self._client.v1.subscription_schedules.retrieve(schedule_id, params))
        return facts.read_schedule(found) if found else None

    def preview_update(self, subscription: facts.Subscription, *, price_id: str) -> int:
        """Return what an upgrade would cost now, in minor units; below 0: a credit."""
        params: Any = {
            "subscription": subscription.id,
            "subscription_details": {
                "items": [{"id": subscription.item_id, "price": price_id}],
                "proration_behavior": "always_invoice",
            },
        }
        return int(self._read(lambda: self._client.v1.invoices.create_preview(params))["amount_due"])

    # Invoices

    def list_invoices(self, customer_id: str, *, limit: int) -> list[InvoiceRow]:
        """Return a customer's newest invoices."""
        params: Any = {"customer": customer_id, "limit": limit}
        return [
            InvoiceRow(
                id=one["id"],
                number=one.get("number") or "",
                status=one.get("status") or "draft",
                total_minor=one["total"],
                currency=one["currency"],
                created_at=facts.instant(one["created"]),
                url=one.get("hosted_invoice_url") or "",
                pdf_url=one.get("invoice_pdf") or "",
            )
            for one in self._read(lambda: self._client.v1.invoices.list(params))["data"]
        ]

    def find_oldest_debt(self, subscription_id: str) -> datetime | None:
        """Since when the subscription owes: when the oldest unpaid invoice after the newest paid one was issued.

        What stayed open before a later one was paid cut nobody off then, and does not now. Drafts count: while a
        subscription is unpaid Stripe leaves the invoices of further periods as drafts. None where nothing was ever
        paid: it never began.
        """
        issued: list[int] = []
        has_begun = False
        newest_first = self._list(self._client.v1.invoices.list, {"subscription": subscription_id, "limit": RECENT})
        for one in newest_first:
            if one["status"] == "paid":
                has_begun = True
                break
            if one["status"] in {"open", "draft"}:
                issued.append((one.get("status_transitions") or {}).get("finalized_at") or one["created"])
        return facts.instant(min(issued)) if issued and has_begun else None

    # Payments

    def list_charges(self, **of: str) -> list[Charge]:
        """Return what was paid, with refunds and disputes: `customer` or `payment_intent` says of whom."""
        params: Any = {**of, "limit": PAGE, "expand": ["data.refunds"]}
        return [
            read_charge(one, self._list_disputes(one["id"]) if one["disputed"] else ())
            for one in self._list(self._client.v1.charges.list, params)
            if one["status"] == "succeeded"
        ]

    def _list_disputes(self, charge_id: str) -> list[Document]:
        return list(self._list(self._client.v1.disputes.list, {"charge": charge_id, "limit": PAGE}))

    def find_payer(self, payment_intent_id: str) -> str:
        """Return the customer of a payment, "" where there is none."""
        found = self._find(lambda: self._client.v1.payment_intents.retrieve(payment_intent_id))
        return facts.id_of(found.get("customer")) if found else ""

    # Pages of Stripe's

    def open_checkout(self, params: Document, *, key: str) -> facts.Session:
        """Return a new payment page."""
        values: Any = params
        return facts.read_session(self._write(lambda opts: self._client.v1.checkout.sessions.create(values, opts), key))

    def find_session(self, session_id: str) -> facts.Session | None:
        """Return a payment page as it is now, or None."""
        params: Any = {"expand": ["invoice", "payment_intent"]}
        found = self._find(lambda: self._client.v1.checkout.sessions.retrieve(session_id, params))
        return facts.read_session(found) if found else None

    def expire_session(self, session_id: str, *, key: str) -> None:
        """Close a payment page, so that nobody pays there any more. One that is not open stays as it is."""
        try:
            self._write(lambda options: self._client.v1.checkout.sessions.expire(session_id, {}, options), key)
        except PaymentProviderRefused as error:
            if not isinstance(error.__cause__, stripe.InvalidRequestError):
                raise

    def open_portal(self, customer_id: str, *, return_url: str) -> str:
        """Return the address of the page where a customer looks after cards and invoices."""
        params: Any = {"customer": customer_id, "return_url": return_url}
        return str(self._read(lambda: self._client.v1.billing_portal.sessions.create(params))["url"])

    # Products and prices

    def find_prices(self, lookup_keys: Sequence[str]) -> dict[str, Document]:
        """Return the prices that are sold now, by lookup key."""
        params: Any = {"lookup_keys": list(lookup_keys), "active": True, "limit": PAGE}
        return {str(one["lookup_key"]): one for one in self._list(self._client.v1.prices.list, params)}

    def find_product(self, product_id: str) -> Document | None:
        """Return a product, or None."""
        return self._find(lambda: self._client.v1.products.retrieve(product_id))

    def create_product(self, params: Document, *, key: str) -> None:
        """Make a product with an id of ours."""
        values: Any = params
        self._write(lambda options: self._client.v1.products.create(values, options), key)

    def update_product(self, product_id: str, params: Document, *, key: str) -> None:
        """Change what a product is called."""
        values: Any = params
        self._write(lambda options: self._client.v1.products.update(product_id, values, options), key)

    def create_price(self, params: Document, *, key: str) -> str:
        """Return the id of a new price."""
        values: Any = params
        return str(self._write(lambda options: self._client.v1.prices.create(values, options), key)["id"])

    # Calls

    def _read(self, call: Callable[[], Any], *, is_write: bool = False) -> Document:
        try:
            document: Document = call().to_dict()
        except stripe.StripeError as error:
            raise _translate(error, is_write=is_write) from error
        return document

    def _write(self, call: Callable[[Any], Any], key: str) -> Document:
        return self._read(lambda: call({"idempotency_key": f"laxin-{key}"}), is_write=True)

    def _find(self, call: Callable[[], Any]) -> Document | None:
        try:
            return self._read(call)
        except PaymentProviderRefused as error:
            if _is_missing(error.__cause__):
                return None
            raise

    def _list(self, call: Callable[[Any], Any], params: Document) -> Iterator[Document]:
        try:
            for found in call(params).auto_paging_iter():
                yield found.to_dict()
        except stripe.StripeError as error:
            raise _translate(error) from error


@cache
def current() -> Gateway:
    """The gateway of this process, with the key and address of the settings."""
    if not settings.STRIPE_URL:
        raise PaymentProviderDown(_("There is no payment provider: start Laxin by `make up`, or set LAXIN_STRIPE_URL."))
    return Gateway(key=settings.STRIPE_KEY, url=settings.STRIPE_URL)


def is_live() -> bool:
    """Tell whether the settings' key moves real money: events of the other mode are none of ours."""
    return settings.STRIPE_KEY.startswith(("sk_live_", "rk_live_"))


def verify_event(*, payload: bytes, signature: str, now: datetime) -> facts.Event:
    """Return what a webhook says, if Stripe signed it within five minutes of `now`. Raises EventRefused.

    While a secret is renewed the header has several signatures and we have several secrets: one pair must match.
    """
    try:
        if not signature.isascii() or len(signature) > MAX_SIGNATURE_LENGTH:
            raise EventRefused("The signature has no valid form.")
        if not any(_is_signed(payload, signature, secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
            raise EventRefused("No signature matches a webhook secret.")
        # The first one, as the signature was computed with: a second must not make an old request young.
        signed_at = facts.instant(next(int(part[2:]) for part in signature.split(",") if part.startswith("t=")))
        if abs(now - signed_at) > TOLERANCE:
            raise EventRefused(f"Signed at {signed_at:%Y-%m-%d %H:%M:%S} UTC: too far from now. Check the clock.")
        return facts.read_event(json.loads(payload))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise EventRefused("This is no event.") from error


def _is_signed(payload: bytes, signature: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(payload, signature, secret))
    except stripe.SignatureVerificationError:
        return False


def _is_missing(error: BaseException | None) -> bool:
    return isinstance(error, stripe.InvalidRequestError) and error.code == "resource_missing"


def _translate(error: stripe.StripeError, *, is_write: bool = False) -> BillingError:
    """An error of ours, whose message says what to do; details are for the log."""
    if isinstance(error, stripe.CardError) and (error.code or "") in WANTS_THE_PAYER:
        return PaymentDeclined(
            _("Your bank wants you to confirm this payment, which is not possible here. Give another card, or ask it.")
        )
    if isinstance(error, stripe.CardError):
        return PaymentDeclined(
            _("The payment was declined. Try another card, or ask your bank: %(reason)s")
            % {"reason": error.user_message or ""}
        )
    is_theirs = isinstance(error, stripe.APIConnectionError | stripe.RateLimitError | stripe.APIError)
    if is_theirs or (error.http_status or 0) >= 500:
        logger.warning("Stripe: %s", error)
        if is_write:
            return PaymentProviderDown(
                _("The payment provider does not answer, so this may be done or not. Try again: it is done only once.")
            )
        return PaymentProviderDown(_("The payment provider does not answer. Nothing was changed; try again soon."))
    if not _is_missing(error):
        logger.error("Stripe refused: %s", error)
    return PaymentProviderRefused(_("The payment provider refused this. Nothing was changed; we have been told."))


def _seconds(instant: datetime | None) -> int:
    assert instant is not None
    return int(instant.timestamp())
