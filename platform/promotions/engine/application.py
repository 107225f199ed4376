"""Applying one promotion to a state: its rewards in turn, each cut by floor, then limits, then cap."""

from typing import NamedTuple

from promotions.engine.allocation import reshare, sum_of
from promotions.engine.cart import Cart, Off, State, lowered
from promotions.engine.policy import Lane
from promotions.engine.promotion import Promotion
from promotions.engine.rewards import Turn

FLOOR, LIMIT, CAP = "FLOOR", "LIMIT", "CAP"


class Attempt(NamedTuple):
    """What applying a promotion would do; with a discount of 0 it has no effect and `state` is the old one."""

    state: State
    discount: int
    times: int
    cut: dict[str, int]


def attempt(promotion: Promotion, cart: Cart, state: State, lane: Lane, cap_left: int | None) -> Attempt:
    """Apply a promotion to `state`; `cap_left` is what the cap on the order's discount still allows."""
    limits = promotion.limits
    budget = promotion.budget(cart.facts)
    margin_bp = promotion.floor_margin_bp
    bounded = budget is not None or cap_left is not None or margin_bp is not None
    consumes = lane.consumes
    before, discount, most_times = state, 0, 1
    cut: dict[str, int] = {}
    for reward in promotion.then:
        offs, times = reward.propose(Turn(cart, state, lane.per_unit, limits.times_per_order))
        if not offs:
            continue
        if bounded:
            if margin_bp is not None:
                offs = _above_floors(cart, state, offs, margin_bp, cut)
            if budget is not None:
                offs = _at_most(budget - discount, offs, LIMIT, cut)
            if cap_left is not None:
                offs = _at_most(cap_left - discount, offs, CAP, cut)
        if not reward.consumes_untouched:
            offs = [off for off in offs if off[3]]
        most_times = max(most_times, times)
        discount += sum_of(offs)
        state = lowered(state, offs, consume=consumes)
    if not discount:
        return Attempt(before, 0, 1, cut)
    return Attempt(state, discount, most_times, cut)


def _at_most(left: int, offs: list[Off], reason: str, cut: dict[str, int]) -> list[Off]:
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
            runs = (*state.free[line], *state.used[line])
            room = max(0, sum([amount * count for amount, count in runs]) - floor)
            kept += _at_most(room, of_line, FLOOR, cut)
        else:
            kept += of_line
    return kept
