"""One pass through the lanes: which promotions apply, in which order, and what they leave."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from promotions.engine.application import CAP, FLOOR, Attempt, attempt
from promotions.engine.best import choose
from promotions.engine.cart import Cart, State, reopened
from promotions.engine.conditions import Gap
from promotions.engine.policy import Lane, Policy
from promotions.engine.promotion import Promotion
from promotions.engine.quote import Skipped
from promotions.engine.rewards import Turn
from promotions.engine.stage import Stage


class Winner(NamedTuple):
    """A promotion that applied, with the cart as it found it."""

    promotion: Promotion
    before: State
    attempt: Attempt

    def next_gap(self, cart: Cart, policy: Policy) -> Gap | None:
        """What its only reward lacks before it gives more."""
        if len(self.promotion.then) > 1:
            return None
        lane = next(lane for lane in policy.lanes if lane.name == self.promotion.lane)
        turn = Turn(cart, self.before, lane.per_unit, self.promotion.limits.times_per_order)
        return self.promotion.then[0].next_gap(turn)


class Pass:
    """Runs promotions, given by rank, through the policy's lanes.

    With `explain` it also notes in `skipped` why each promotion of the set did not apply.
    """

    def __init__(self, cart: Cart, policy: Policy, promotions: Iterable[Promotion], *, explain: bool) -> None:
        self.cart = cart
        self.state = cart.start()
        self.applied: list[Winner] = []
        self.skipped: dict[str, Skipped] = {}
        self.exact = True
        self.discount = 0
        self.cap_left: int | None = None
        if policy.max_total_discount_bp is not None:
            self.cap_left = sum(cart.initial) * policy.max_total_discount_bp // 10_000
        self._explain = explain
        by_lane: dict[str, list[Promotion]] = {}
        self._exclusions = False
        for promotion in promotions:
            self._exclusions = self._exclusions or bool(promotion.excludes)
            by_lane.setdefault(promotion.lane, []).append(promotion)
        for lane in policy.lanes:
            if lane.name in by_lane:
                self._run(lane, by_lane[lane.name])

    def _run(self, lane: Lane, promotions: list[Promotion]) -> None:
        self.state = reopened(self.state, self.cart.everything)
        ready = self._ready(promotions)
        competing = [promotion for promotion in ready if promotion.is_money]
        if lane.mode == "best":
            self._best(lane, competing)
        else:
            self._in_turn(lane, competing)
        if len(competing) < len(ready):
            self._extras(lane, [promotion for promotion in ready if not promotion.is_money])

    def _ready(self, promotions: list[Promotion]) -> list[Promotion]:
        """The promotions whose condition holds as the lane starts and that nothing applied so far excludes."""
        stage = Stage(self.cart, self.state)
        ready = []
        for promotion in promotions:
            if promotion.when is not None and not promotion.when.holds(stage):
                if self._explain:
                    self._skip(promotion, "NOT_MET", promotion.when.gap(stage))
            elif self._excluded(promotion):
                self._skip(promotion, "EXCLUDED")
            else:
                ready.append(promotion)
        return ready

    def _best(self, lane: Lane, ready: Sequence[Promotion]) -> None:
        start, cap_left = self.state, self.cap_left
        choice = choose(ready, self.cart, start, lane)
        self.exact = self.exact and choice.exact
        for promotion, result in choice.taken:
            if self.cap_left is None and not promotion.has_extras:
                self._take(promotion, result)
            elif not self._apply(promotion, lane) and self._explain:
                self._skip(promotion, CAP)  # without it the promotion would have had an effect
        if self._explain:
            applied = {winner.promotion.id for winner in self.applied}
            for promotion in ready:
                if promotion.id in applied or promotion.id in self.skipped:
                    continue
                if self._excluded(promotion):
                    self._skip(promotion, "EXCLUDED")
                else:
                    self._skip(promotion, *self._why(promotion, start, lane, cap_left))

    def _in_turn(self, lane: Lane, ready: Sequence[Promotion]) -> None:
        start, cap_left = self.state, self.cap_left
        count = 0
        for promotion in ready:
            at_turn, cap_at_turn = self.state, self.cap_left
            has_place = lane.max is None or count < lane.max
            if self._excluded(promotion):
                self._skip(promotion, "EXCLUDED")
            elif has_place and self._apply(promotion, lane):
                count += 1
            elif not self._explain:
                continue
            elif lane.mode == "stack":
                self._skip(promotion, *self._why(promotion, at_turn, lane, cap_at_turn))
            elif has_place and CAP in attempt(promotion, self.cart, at_turn, lane, cap_at_turn).cut:
                self._skip(promotion, "CAP")
            else:
                self._skip(promotion, *self._why(promotion, start, lane, cap_left))

    def _extras(self, lane: Lane, ready: Sequence[Promotion]) -> None:
        """Gifts and effects alone: they compete with none."""
        for promotion in ready:
            if self._excluded(promotion):
                self._skip(promotion, "EXCLUDED")
            elif not self._apply(promotion, lane) and self._explain:
                self._skip(promotion, *self._why(promotion, self.state, lane, self.cap_left))

    def _apply(self, promotion: Promotion, lane: Lane) -> bool:
        result = attempt(promotion, self.cart, self.state, lane, self.cap_left)
        if result.has_effect:
            self._take(promotion, result)
        return result.has_effect

    def _take(self, promotion: Promotion, result: Attempt) -> None:
        self.applied.append(Winner(promotion, self.state, result))
        self.state = self.state.after(result.changes)
        self.discount += result.discount
        if self.cap_left is not None:
            self.cap_left -= result.capped

    def _excluded(self, promotion: Promotion) -> bool:
        if not self._exclusions:
            return False
        return any(promotion.conflicts_with(winner.promotion) for winner in self.applied)

    def _skip(self, promotion: Promotion, reason: str, gap: Gap | None = None) -> None:
        if self._explain:
            self.skipped[promotion.id] = Skipped(promotion.id, reason, gap)

    def _why(self, promotion: Promotion, state: State, lane: Lane, cap_left: int | None) -> tuple[str, Gap | None]:
        """Why an applicable promotion gave nothing, from trying it alone."""
        alone = attempt(promotion, self.cart, state, lane, cap_left)
        if alone.discount:
            return "OUTBID", None
        for reason in (FLOOR, CAP):
            if reason in alone.cut:
                return reason, None
        turn = Turn(self.cart, state, lane.per_unit, promotion.limits.times_per_order)
        if not any(reward.has_units(turn) for reward in promotion.decisive):
            return "NO_UNITS", None
        if len(promotion.then) == 1:
            gap = promotion.then[0].gap(turn)
            if gap is not None:
                return "NOT_MET", gap
        return "NO_EFFECT", None
