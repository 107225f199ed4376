"""One promotion at its turn: its rewards in order, each cut by floor, then limits, then cap."""

from collections import Counter
from dataclasses import dataclass, field, replace

from .arithmetic import floor_of_line
from .cart import Cart, Json, State
from .rewards import MONEY, At, Wanted, shared, want


@dataclass
class Attempt:
    """What a promotion did. Without effect, `state` is the one it met."""

    state: State
    by_line: Counter[str] = field(default_factory=Counter)
    shipping: int = 0
    times: int = 1
    cut: Counter[str] = field(default_factory=Counter)
    gifts: list[Json] = field(default_factory=list)
    effects: list[Json] = field(default_factory=list)
    effective: bool = False
    possible: bool = False
    missing: tuple[str, int] | None = None

    @property
    def amount(self) -> int:
        """The money off."""
        return self.by_line.total() + self.shipping


def is_money(promotion: Json) -> bool:
    """Whether it has a reward that can change money."""
    return any(reward["type"] in MONEY for reward in promotion["then"])


def codes_in(promotion: Json, facts: Json) -> list[str]:
    """The promotion's codes that the cart brings, in the promotion's order."""
    brought = facts.get("coupons") or []
    return [code for code in (promotion.get("coupon") or {}).get("codes", []) if code in brought]


def limit(promotion: Json, name: str) -> int | None:
    """A limit; None where there is none."""
    found = (promotion.get("limits") or {}).get(name)
    return None if found is None else int(found)


def is_used_up(promotion: Json, cart: Cart) -> bool:
    """LIMIT: nothing left to give, or a promotion for each member and no member."""
    per_member = limit(promotion, "per_member")
    if per_member is not None and (cart.member is None or cart.usage(promotion["id"], "member") >= per_member):
        return True
    for name, counter in (("total", "total"), ("discount_total", "discount")):
        most = limit(promotion, name)
        if most is not None and cart.usage(promotion["id"], counter) >= most:
            return True
    return False


@dataclass(frozen=True)
class Turn:
    """A lane's way to run a promotion."""

    cart: Cart
    lane: str
    consumes: bool
    policy_floor_bp: int | None

    def run(self, promotion: Json, met: State) -> Attempt:
        """Run the promotion on `met`."""
        money = is_money(promotion)
        attempt = Attempt(met)
        allowance = self._allowance(promotion)
        repeats: list[int] = []
        for reward in promotion["then"]:
            at = At(self.cart, attempt.state, self.lane, limit(promotion, "times_per_order"))
            wanted = want(reward, at)
            repeats.append(wanted.times)
            # Gifts stand beside a money reward: whether there were units for the promotion is asked of the latter.
            attempt.possible |= wanted.possible and (not money or reward["type"] in MONEY)
            if len(promotion["then"]) == 1:
                attempt.missing = wanted.missing
            self._pay(promotion, wanted, attempt, allowance)
            if wanted.gift:
                attempt.gifts.append({"promotion": promotion["id"], "sku": reward["sku"], "quantity": wanted.gift})
            if wanted.effect:
                scope = {} if reward["type"] == "issue_coupon" else {"scope": reward.get("scope") or {}}
                attempt.effects.append({**reward, **scope, "promotion": promotion["id"]})
        attempt.times = max(1, *repeats)
        attempt.effective = attempt.amount > 0 if money else bool(attempt.gifts or attempt.effects)
        if not attempt.effective:
            attempt.state = met
        return attempt

    def _allowance(self, promotion: Json) -> int | None:
        """What the limits let the promotion give in this order."""
        left = []
        if (per_order := limit(promotion, "discount_per_order")) is not None:
            left.append(per_order)
        if (total := limit(promotion, "discount_total")) is not None:
            left.append(total - self.cart.usage(promotion["id"], "discount"))
        return min(left) if left else None

    def _pay(self, promotion: Json, wanted: Wanted, attempt: Attempt, allowance: int | None) -> None:
        """Cut what is wanted and take it off."""
        state = attempt.state
        discounts = self._held_by_floor(promotion, wanted.discounts, state)
        attempt.cut["FLOOR"] += sum(wanted.discounts.values()) - sum(discounts.values())
        shipping = wanted.shipping
        if allowance is not None:
            left = allowance - attempt.amount
            held, held_shipping = self._held_to(left, discounts, state), min(shipping, left)
            attempt.cut["LIMIT"] += sum(discounts.values()) - sum(held.values()) + shipping - held_shipping
            discounts, shipping = held, held_shipping
        if state.budget is not None:
            held = self._held_to(state.budget, discounts, state)
            attempt.cut["CAP"] += sum(discounts.values()) - sum(held.values())
            discounts = held
            state = replace(state, budget=state.budget - sum(held.values()))
        amounts = tuple(amount - discounts.get(index, 0) for index, amount in enumerate(state.amounts))
        free = state.free
        if self.consumes:
            lowered = {index for index, amount in discounts.items() if amount > 0}
            consumed = lowered if wanted.by_effect else wanted.consumed
            free = tuple(was and index not in consumed for index, was in enumerate(free))
        for index, amount in discounts.items():
            if amount:
                attempt.by_line[self.cart.units[index].line_id] += amount
        attempt.shipping += shipping
        attempt.state = replace(state, amounts=amounts, free=free, shipping=state.shipping - shipping)

    def _held_to(self, most: int, discounts: dict[int, int], state: State) -> dict[int, int]:
        """The discounts, or `most` shared anew in proportion to them."""
        if sum(discounts.values()) <= most:
            return discounts
        units = [self.cart.units[index] for index in discounts]
        at = At(self.cart, state, self.lane, None)
        return shared(most, units, at, [discounts[unit.index] for unit in units])

    def _held_by_floor(self, promotion: Json, discounts: dict[int, int], state: State) -> dict[int, int]:
        """Each line kept at its floor: the stricter of the policy's and the promotion's."""
        margins = [bp for bp in (self.policy_floor_bp, promotion.get("floor_margin_bp")) if bp is not None]
        if not margins:
            return discounts
        held: dict[int, int] = {}
        for line in self.cart.lines:
            units = [unit for unit in self.cart.units if unit.line is line]
            here = {unit.index: discounts[unit.index] for unit in units if unit.index in discounts}
            if line.get("unit_cost") is not None:
                floor = floor_of_line(line["unit_cost"], line["quantity"], max(margins))
                above = sum(state.amounts[unit.index] for unit in units) - floor
                here = self._held_to(max(above, 0), here, state)
            held |= here
        return held
