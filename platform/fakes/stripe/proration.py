"""Lines of a period and of a change in the midst of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakes.stripe.catalog import plan_of
from fakes.stripe.errors import StripeFault, missing
from fakes.stripe.invoices import make_line
from fakes.stripe.periods import period_end
from fakes.stripe.state import Object, State


@dataclass(frozen=True)
class Change:
    """What a change of items costs, and how it is done. `resets`: a new period begins, since the interval changes."""

    lines: list[Object]
    resets: bool
    apply: Callable[[State], None]


def period_line(state: State, item: Object, *, trial: bool = False) -> Object:
    """The line of an item's whole current period."""
    price, quantity = item["price"], item["quantity"]
    amount = 0 if trial else price["unit_amount"] * quantity
    product = state.objects[price["product"]]["name"]
    text = f"Trial period for {product}" if trial else f"{quantity} × {product}"
    return make_line(
        state,
        price,
        amount=amount,
        quantity=quantity,
        start=item["current_period_start"],
        end=item["current_period_end"],
        text=text,
        item=item,
    )


def change_lines(state: State, subscription: Object, wanted: list[dict[str, Any]], *, at: int | None = None) -> Change:
    """The unused time of the old price is credited, the rest of the period is charged at the new one."""
    moment = at or state.now
    lines: list[Object] = []
    steps: list[Callable[[], None]] = []
    resets = False
    for each in wanted:
        item = _find_item(subscription, each)
        price = state.get("price", each["price"], param="items[price]") if each.get("price") else item["price"]
        _check_price(subscription, price)
        quantity: int = each["quantity"] if "quantity" in each else item["quantity"]
        removed = each.get("deleted") is True
        old, new = item["price"]["recurring"], price["recurring"]
        reset = (old["interval"], old["interval_count"]) != (new["interval"], new["interval_count"])
        if not removed and price["id"] == item["price"]["id"] and quantity == item["quantity"]:
            continue
        resets |= reset
        if subscription["status"] != "trialing":
            lines += _lines(state, item, price, quantity, moment=moment, removed=removed, reset=reset)
        if not removed:
            steps.append(_setter(item, price, quantity))

    def apply(state: State) -> None:
        for step in steps:
            step()
        if resets and subscription["status"] != "trialing":
            subscription["billing_cycle_anchor"] = moment
            for item in subscription["items"]["data"]:
                recurring = item["price"]["recurring"]
                item["current_period_start"] = moment
                item["current_period_end"] = period_end(
                    moment, moment, recurring["interval"], recurring["interval_count"]
                )

    return Change(lines, resets, apply)


def _setter(item: Object, price: Object, quantity: int) -> Callable[[], None]:
    def put() -> None:
        item["price"], item["quantity"], item["plan"] = price, quantity, plan_of(price)

    return put


def _find_item(subscription: Object, wanted: dict[str, Any]) -> Object:
    items: list[Object] = subscription["items"]["data"]
    if "id" in wanted:
        for item in items:
            if item["id"] == wanted["id"]:
                return item
        raise missing("subscription_item", wanted["id"], param="items[id]")
    raise StripeFault(
        "Adding items to a subscription is not supported by this stand-in: name the item's id.", param="items[id]"
    )


def _check_price(subscription: Object, price: Object) -> None:
    if not price["recurring"]:
        raise StripeFault("The price specified is set to `type=one_time`.", param="items[price]")
    if price["currency"] != subscription["currency"]:
        raise StripeFault(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
            f"`{subscription['currency']}`.",
            param="items[price]",
        )


def _lines(
    state: State, item: Object, price: Object, quantity: int, *, moment: int, removed: bool, reset: bool
) -> list[Object]:
    start, end = item["current_period_start"], item["current_period_end"]
    left = max(0, min(1.0, (end - moment) / (end - start)))
    old, new = item["price"], price
    credit = -_share(old["unit_amount"] * item["quantity"], end - moment, end - start)
    names = [state.objects[each["product"]]["name"] for each in (old, new)]
    lines = []
    if left:
        lines.append(
            make_line(
                state, old, amount=credit, quantity=item["quantity"], start=moment, end=end,
                text=f"Unused time on {names[0]}", item=item, proration=True,
            )
        )  # fmt: skip
    if removed:
        return lines
    if reset:
        recurring = new["recurring"]
        until = period_end(moment, moment, recurring["interval"], recurring["interval_count"])
        charge = new["unit_amount"] * quantity
        text = f"{quantity} × {names[1]}"
    else:
        until, charge = end, _share(new["unit_amount"] * quantity, end - moment, end - start)
        text = f"Remaining time on {names[1]}"
    lines.append(
        make_line(
            state, new, amount=charge, quantity=quantity, start=moment, end=until, text=text, item=item,
            proration=not reset,
        )
    )  # fmt: skip
    return lines


def _share(amount: int, part: int, whole: int) -> int:
    """`amount × part / whole`, rounded half up."""
    part = max(0, min(part, whole))
    return (2 * amount * part + whole) // (2 * whole)
