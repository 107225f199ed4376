"""Between a batch as a merchant words it and the promotion that the engine prices with.

A batch is one promotion in the lane `coupon` whose only code is the batch's id, so that the rule set does not grow with
the number of coupons. The promotion's document is the one place that says what a coupon gives.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from kernel.money import BASIS_POINTS, currency_symbol, format_minor

from coupons.types import BatchInput, Offer


def make_document(*, data: BatchInput, batch_id: UUID) -> dict[str, Any]:
    """Return the engine's promotion for a batch; storage adds its `id`."""
    document: dict[str, Any] = {"name": data.name, "lane": "coupon", "coupon": {"codes": [str(batch_id)]}}
    if data.minimum_spend_minor:
        document["when"] = {"fact": "subtotal", "op": "gte", "value": data.minimum_spend_minor}
    if data.kind == "amount":
        document["then"] = [{"type": "amount_off", "amount": data.amount_minor, "scope": {}}]
    else:
        document["then"] = [{"type": "percent_off", "percent_bp": data.percent_bp, "scope": {}}]
    return document


def read_offer(*, name: str, document: Mapping[str, Any]) -> Offer:
    """Return what a promotion's document gives, as far as a headline can say it."""
    minimum = _read_minimum(document.get("when"))
    if minimum is not None and len(document["then"]) == 1:
        reward = document["then"][0]
        is_whole_order = not reward.get("scope")
        if is_whole_order and reward["type"] == "amount_off" and not reward.get("every") and not reward.get("per"):
            return Offer(name, "amount", reward["amount"], 0, minimum)
        if is_whole_order and reward["type"] == "percent_off" and not reward.get("max_units"):
            return Offer(name, "percent", 0, reward["percent_bp"], minimum)
    return Offer(name, "other", 0, 0, 0)


def _read_minimum(condition: Mapping[str, Any] | None) -> int | None:
    """The minimum spend that a condition asks for, 0 for none, or None if it asks for something else."""
    if condition is None:
        return 0
    is_minimum = condition.get("fact") == "subtotal" and condition.get("op") == "gte" and not condition.get("scope")
    return int(condition["value"]) if is_minimum else None


def headline(offer: Offer, currency: str) -> str:
    """Return the offer in a few words of the active language: `满40减8`, `8.5折`, `$8 off from $40`."""
    words = {"minimum": _short(offer.minimum_spend_minor, currency, bare=True)}
    if offer.kind == "amount" and offer.minimum_spend_minor:
        words["amount"] = _short(offer.amount_minor, currency, bare=True)
        return _("%(amount)s off from %(minimum)s") % words
    if offer.kind == "amount":
        return _("%(amount)s off") % {"amount": _short(offer.amount_minor, currency, bare=False)}
    if offer.kind == "percent":
        words["rate"] = _rate(offer.percent_bp)
        # Translators: `rate` is "15%" in English and "8.5" (of ten) in Chinese.
        return (_("Get %(rate)s off from %(minimum)s") if offer.minimum_spend_minor else _("Get %(rate)s off")) % words
    return offer.name


def _short(amount_minor: int, currency: str, *, bare: bool) -> str:
    """`8` or `8.50` with the currency's symbol; `bare` leaves out the yuan's, as Chinese shops write it."""
    text = format_minor(amount_minor, currency).removesuffix(".00")
    return text if bare and currency == "CNY" and _is_chinese() else f"{currency_symbol(currency)}{text}"


def _rate(percent_bp: int) -> str:
    """English counts what is taken off (15%), Chinese what is left of ten (8.5折)."""
    if _is_chinese():
        return f"{(BASIS_POINTS - percent_bp) / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{percent_bp / 100:.2f}".rstrip("0").rstrip(".") + "%"


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")
