"""Applying one promotion to a state: its rewards in turn, each cut by floor, then limits, then cap."""

from typing import NamedTuple

from promotions.engine.allocation import reshare, sum_of
from promotions.engine.cart import Cart, LineState, Off, State, lowered
from promotions.engine.policy import Lane
from promotions.engine.promotion import Promotion
from promotions.engine.rewards import Effect, Extra, Turn

FLOOR, LIMIT, CAP = "FLOOR", "LIMIT", "CAP"


class Attempt(NamedTuple):
    """What applying a promotion does. It depends on nothing but the lines that the promotion reaches."""

    discount: int  # 0 is no effect and no changes, unless it has extras
    times: int
    cut: dict[str, int]
    changes: dict[int, LineState]
    capped: int = 0  # the part of the discount that counts against the cap: all but that on shipping
    extras: tuple[Extra, ...] = ()  # these depend on every line in their scopes

    @property
    def has_effect(self) -> bool:
        return bool(self.discount or self.extras)


def attempt(promotion: Promotion, cart: Cart, state: State, lane: Lane, cap_left: int | None) -> Attempt:
    """Apply a promotion to `state`; `cap_left` is what the cap on the order's discount still allows."""
    budget = promotion.budget(cart.facts)
    margin_bp = promotion.floor_margin_bp
    bounded = budget is not None or cap_left is not None or margin_bp is not None
    discount, off_shipping, most_times = 0, 0, 1
    cut: dict[str, int] = {}
    changes: dict[int, LineState] = {}
    extras: list[Extra] = []
    for reward in promotion.then:
        turn = Turn(cart, state, lane.per_unit, promotion.limits.times_per_order)
        if isinstance(reward, Effect):
            extra = reward.give(turn)
            if extra is not None:
                extras.append(extra)
                most_times = max(most_times, extra.times)
            continue
        offs, times = reward.propose(turn)
        if not offs:
            continue
        if bounded:
            if margin_bp is not None and not reward.of_shipping:
                offs = _above_floors(cart, state, offs, margin_bp, cut)
            offs = _at_most(None if budget is None else budget - discount, offs, LIMIT, cut)
            if not reward.of_shipping:
                left = None if cap_left is None else cap_left - discount + off_shipping
                offs = _at_most(left, offs, CAP, cut)
        if not reward.consumes_untouched:
            offs = [off for off in offs if off[3]]
        most_times = max(most_times, times)
        taken = sum_of(offs)
        discount += taken
        if reward.of_shipping:
            off_shipping += taken
        changed = lowered(state, offs, consume=lane.consumes and not reward.of_shipping)
        if reward is promotion.then[-1]:
            changes = changes | changed if changes else changed
        else:
            changes |= changed
            state = state.after(changed)
    if not discount and promotion.is_money:
        return Attempt(0, 1, cut, {})
    return Attempt(discount, most_times, cut, changes, discount - off_shipping, tuple(extras))


def bound(promotion: Promotion, cart: Cart, state: State, lane: Lane) -> int:
    """At least what the promotion can take off in this lane, whatever is applied before it."""
    turn = Turn(cart, state, lane.per_unit, promotion.limits.times_per_order)
    most = sum([reward.bound(turn) for reward in promotion.then])
    budget = promotion.budget(cart.facts)
    return most if budget is None or budget > most else budget


def _at_most(left: int | None, offs: list[Off], reason: str, cut: dict[str, int]) -> list[Off]:
    if left is None:
        return offs
    wanted = sum_of(offs)
    if wanted <= left:
        return offs
    cut[reason] = cut.get(reason, 0) + wanted - left
    return reshare(left, offs)


def _above_floors(cart: Cart, state: State, offs: list[Off], margin_bp: int, cut: dict[str, int]) -> list[Off]:
    by_line: dict[int, list[Off]] = {}
    for off in offs:
        by_line.setdefault(off[0], []).append(off)
    kept: list[Off] = []
    for line, of_line in by_line.items():
        floor = cart.floor(line, margin_bp)
        if floor:
            room = max(0, state.lines[line].total() - floor)
            kept += _at_most(room, of_line, FLOOR, cut)
        else:
            kept += of_line
    return kept
