"""The search among promotions that look at nothing but the subtotal of the same units."""

from collections.abc import Sequence

from promotions.engine.cart import Cart, State
from promotions.engine.policy import Lane
from promotions.engine.promotion import Promotion
from promotions.engine.rewards import Curve, Turn
from promotions.engine.work import Work


def curves_of(promotions: Sequence[Promotion], cart: Cart, state: State, lane: Lane) -> list[Curve] | None:
    """What each takes off a subtotal, where all look at the same units and at nothing but their subtotal."""
    masks = {reward.mask(cart) for promotion in promotions for reward in promotion.decisive}
    if lane.consumes or lane.per_unit or len(masks) > 1:
        return None
    lines = cart.indexes(masks.pop())
    curves: list[Curve] = []
    for promotion in promotions:
        margin_bp = promotion.floor_margin_bp
        if margin_bp is not None and any(cart.floor(line, margin_bp) for line in lines):
            return None
        turn = Turn(cart, state, lane.per_unit, promotion.limits.times_per_order)
        of_rewards = [reward.curve(turn) for reward in promotion.decisive]
        known = [curve for curve in of_rewards if curve is not None]
        if len(known) < len(of_rewards):
            return None
        curves.append(_in_turn(known, promotion.budget(cart.facts)))
    return curves


def tie_key(promotions: Sequence[Promotion], places: Sequence[int]) -> tuple[object, ...]:
    """Orderings of the same total compare by this, the least first."""
    chosen = [promotions[place] for place in places]
    return (
        len(chosen),
        -sum(promotion.priority for promotion in chosen),
        sorted(promotion.id for promotion in chosen),
        list(places),
    )


def _in_turn(curves: list[Curve], budget: int | None) -> Curve:
    """What the rewards of a promotion take off a subtotal one after the other."""
    if len(curves) == 1 and budget is None:
        return curves[0]

    def take(subtotal: int) -> int:
        left = subtotal
        for curve in curves:
            off = curve(left)
            left -= off if budget is None else min(off, budget - subtotal + left)
        return subtotal - left

    return take


class TotalsSearch:
    """The search among promotions whose discounts depend on nothing but the subtotal of the same units.

    What is left after the same promotions is then one number, and few orderings differ in it.
    """

    def __init__(self, promotions: Sequence[Promotion], curves: Sequence[Curve], most: int, work: Work) -> None:
        self.promotions = promotions
        self.curves = curves
        self.most = most
        self.work = work
        self.exact = True
        self.total = 0
        self.best: list[int] = []
        self.seen: set[tuple[int, int]] = set()
        self.excluded = [
            sum(1 << place for place, other in enumerate(promotions) if one.conflicts_with(other)) for one in promotions
        ]

    def run(self, subtotal: int) -> list[int]:
        """The places of the best ordering."""
        self._visit([], 0, subtotal, 0)
        return self.best

    def _visit(self, places: list[int], taken: int, left: int, total: int) -> None:
        for place, curve in enumerate(self.curves):
            if taken >> place & 1 or taken & self.excluded[place]:
                continue
            if self.work.is_used_up():
                self.exact = False
                return
            self.work.done += 1
            off = curve(left)
            after = (taken | 1 << place, left - off)
            if not off or after in self.seen:  # an ordering first by rank has led to the same
                continue
            self.seen.add(after)
            chosen = [*places, place]
            if total + off > self.total or (
                total + off == self.total and tie_key(self.promotions, chosen) < tie_key(self.promotions, self.best)
            ):
                self.total, self.best = total + off, chosen
            if len(chosen) < self.most:
                self._visit(chosen, *after, total + off)
