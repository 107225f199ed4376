"""Our plans as Stripe's products and prices."""

from collections.abc import Iterator
from typing import Any, Literal

from django.utils.translation import override

from billing import gateway
from billing.plans import CURRENCIES, PLANS, Plan, lookup_key, product_id

KINDS: tuple[Literal["month", "year", "prepay"], ...] = ("month", "year", "prepay")


def sync_prices() -> list[str]:
    """Make what Stripe lacks and return a line for each change; none when all is as in `billing.plans`.

    A price that costs something else now is followed by a new one under the same lookup key; subscriptions that have
    the old one keep it.
    """
    stripe = gateway.current()
    with override("en"):
        return [line for plan in PLANS.values() for line in _sync_plan(stripe, plan)]


def _sync_plan(stripe: gateway.Gateway, plan: Plan) -> Iterator[str]:
    product, name = product_id(plan.key), f"Laxin {plan.name}"
    found = stripe.find_product(product)
    if found is None:
        stripe.create_product({"id": product, "name": name}, key=f"product-{product}")
        yield f"product {product}"
    elif found["name"] != name or not found["active"]:
        change = {"name": name, "active": True}
        stripe.update_product(product, change, key=f"product-{product}-{found['updated']}")
        yield f"product {product} renamed"
    wanted = {lookup_key(plan.key, kind, currency): (kind, currency) for kind in KINDS for currency in CURRENCIES}
    there = stripe.find_prices(list(wanted))
    for key, (kind, currency) in wanted.items():
        params = _describe_price(plan, kind, currency)
        if key in there and _is_as_wanted(there[key], params):
            continue
        former = there[key]["id"] if key in there else "none"
        params |= {"lookup_key": key, "transfer_lookup_key": True}
        stripe.create_price(params, key=f"price-{key}-{params['unit_amount']}-after-{former}")
        yield f"price {key} {params['unit_amount'] / 100:.2f}"


def _describe_price(plan: Plan, kind: Literal["month", "year", "prepay"], currency: str) -> dict[str, Any]:
    params: dict[str, Any] = {
        "product": product_id(plan.key),
        "currency": currency,
        "unit_amount": plan.get_price("month" if kind == "month" else "year", currency),
    }
    if kind != "prepay":
        params["recurring"] = {"interval": kind}
    return params


def _is_as_wanted(price: Any, params: dict[str, Any]) -> bool:
    interval = (price.get("recurring") or {}).get("interval")
    return (price["product"], price["currency"], price["unit_amount"], interval) == (
        params["product"],
        params["currency"],
        params["unit_amount"],
        params.get("recurring", {}).get("interval"),
    )
