"""Mode `best`: the ordering of a subset of a lane's promotions that takes off most.

Promotions that cannot touch the same lines are solved apart. Within a group of up to EXACT_UP_TO the search is
exhaustive: depth first over orderings, pruned by what the rest could still add at most, and entering a state that the
same promotions have already led to only once. Above that, greedy passes find a good ordering and the exhaustive search
improves it over the most promising few; the quote then says that it is not exact.
"""

from collections.abc import Sequence
from typing import NamedTuple

from promotions.engine.application import Attempt, attempt
from promotions.engine.cart import Cart, State
from promotions.engine.policy import Lane
from promotions.engine.promotion import Promotion
from promotions.engine.rewards import Curve, Turn

EXACT_UP_TO = 7
SHORTLIST = 5
UNPRUNED_UP_TO = 3  # so few are tried sooner than bounded


class Step(NamedTuple):
    """A promotion, by its place in a list that is by rank, and what it does at its turn."""

    place: int
    attempt: Attempt


type Steps = tuple[Step, ...]


class Choice(NamedTuple):
    """What the lane applies, in order, and what each does while no cap is in the way."""

    taken: list[tuple[Promotion, Attempt]]
    exact: bool


class Rival(NamedTuple):
    """An applicable promotion and the lines that it reaches."""

    promotion: Promotion
    mask: int


def choose(ready: Sequence[Promotion], cart: Cart, state: State, lane: Lane) -> Choice:
    """The best ordering among the applicable promotions, given by rank (priority falling, then id)."""
    rivals = [Rival(promotion, mask) for promotion in ready if (mask := promotion.mask(cart))]
    if lane.max == 1:
        return Choice(_best_single(rivals, cart, state, lane), exact=True)
    groups = _groups(rivals, lane)
    if any(len(group) > EXACT_UP_TO for group in groups):
        # Only those that can have an effect compete; leaving out the others may bring a group within reach.
        rivals = [rival for rival in rivals if bound(rival.promotion, cart, state, lane)]
        groups = _groups(rivals, lane)
    exact = True
    steps: list[list[Step]] = []
    for group in groups:
        if len(group) == 1:
            result = attempt(rivals[group[0]].promotion, cart, state, lane, None)
            if result.discount:
                steps.append([Step(group[0], result)])
            continue
        search = Search([rivals[place] for place in group], cart, state, lane)
        if len(group) > EXACT_UP_TO:
            exact = False
            found = search.shortlisted()
        else:
            found = search.exhaustive()
        if found:
            steps.append([Step(group[step.place], step.attempt) for step in found])
    return Choice([(rivals[step.place].promotion, step.attempt) for step in _interleaved(steps)], exact)


def bound(promotion: Promotion, cart: Cart, state: State, lane: Lane) -> int:
    """At least what the promotion can take off in this lane, whatever is applied before it."""
    turn = Turn(cart, state, lane.per_unit, promotion.limits.times_per_order)
    most = sum([reward.bound(turn) for reward in promotion.then])
    budget = promotion.budget(cart.facts)
    return most if budget is None or budget > most else budget


def _best_single(rivals: list[Rival], cart: Cart, state: State, lane: Lane) -> list[tuple[Promotion, Attempt]]:
    """The one that takes off most, then by rank. What cannot reach the best so far is not tried."""
    by_bound = sorted([(-bound(rival.promotion, cart, state, lane), i) for i, rival in enumerate(rivals)])
    best: tuple[int, int] = (0, -1)
    found: list[tuple[Promotion, Attempt]] = []
    for negative, i in by_bound:
        if negative > best[0]:
            break
        result = attempt(rivals[i].promotion, cart, state, lane, None)
        if result.discount and (-result.discount, i) < best:
            best, found = (-result.discount, i), [(rivals[i].promotion, result)]
    return found


def _groups(rivals: list[Rival], lane: Lane) -> list[list[int]]:
    """Those that compete, directly or through others: for the same lines, a place in `max`, or by exclusion."""
    if lane.max is not None and lane.max < len(rivals):
        return [list(range(len(rivals)))]
    groups: list[tuple[int, list[int]]] = []
    exclusions = any(rival.promotion.excludes for rival in rivals)
    for place, (promotion, own) in enumerate(rivals):
        mask, members = own, [place]
        touched = [
            group
            for group in groups
            if own & group[0]
            or (exclusions and any(promotion.conflicts_with(rivals[other].promotion) for other in group[1]))
        ]
        for group in touched:
            groups.remove(group)
            mask |= group[0]
            members += group[1]
        groups.append((mask, members))
    return [sorted(members) for _, members in groups]


def _interleaved(sequences: list[list[Step]]) -> list[Step]:
    """Independent orderings as one, the first by rank of all that keep each in its order."""
    if all(len(steps) == 1 for steps in sequences):
        return sorted([steps[0] for steps in sequences], key=_place)
    queues = [list(reversed(steps)) for steps in sequences]
    merged: list[Step] = []
    while queues:
        merged.append(min(queues, key=lambda queue: queue[-1].place).pop())
        queues = [queue for queue in queues if queue]
    return merged


def _place(step: Step) -> int:
    return step.place


class Search:
    """The search among promotions that compete with each other."""

    def __init__(self, rivals: list[Rival], cart: Cart, state: State, lane: Lane) -> None:
        self.promotions = [rival.promotion for rival in rivals]
        self.cart = cart
        self.start = state
        self.lane = lane
        self.most = len(rivals) if lane.max is None else lane.max
        self.masks = [rival.mask for rival in rivals]
        self.reach = [cart.indexes(mask) for mask in self.masks]
        everything = 0
        for mask in self.masks:
            everything |= mask
        self.lines = cart.indexes(everything)
        self.bounds: dict[tuple[object, ...], int] = {}
        self.pruned = len(rivals) > UNPRUNED_UP_TO
        self.exclusions = any(rival.promotion.excludes for rival in rivals)
        self.total = 0
        self.best: Steps = ()
        self.seen: set[tuple[object, ...]] = set()
        self.known: dict[tuple[object, ...], Attempt] = {}

    def exhaustive(self) -> "Steps":
        """The best of all orderings of all subsets."""
        if self.pruned and (curves := self._curves()) is not None:
            return self._replayed(TotalsSearch(self.promotions, curves, self.most).run(self._subtotal(self.start)))
        if self.pruned:  # with something good in hand more can be left untried
            self._passes()
        self._visit(self.start, (), 0, list(range(len(self.promotions))))
        return self.best

    def _curves(self) -> "list[Curve] | None":
        """What each takes off a subtotal, where all look at the same units and at nothing but their subtotal."""
        if self.lane.consumes or self.lane.per_unit or len(set(self.masks)) > 1:
            return None
        curves: list[Curve] = []
        for promotion in self.promotions:
            margin_bp = promotion.floor_margin_bp
            if margin_bp is not None and any(self.cart.floor(line, margin_bp) for line in self.lines):
                return None
            turn = Turn(self.cart, self.start, self.lane.per_unit, promotion.limits.times_per_order)
            of_rewards = [reward.curve(turn) for reward in promotion.decisive]
            known = [curve for curve in of_rewards if curve is not None]
            if len(known) < len(of_rewards):
                return None
            curves.append(_in_turn(known, promotion.budget(self.cart.facts)))
        return curves

    def _subtotal(self, state: State) -> int:
        return sum([state.lines[line].total() for line in self.lines])

    def _replayed(self, places: list[int]) -> "Steps":
        state, steps = self.start, []
        for place in places:
            result = self._attempt(place, state)
            steps.append(Step(place, result))
            state = state.after(result.changes)
        return tuple(steps)

    def shortlisted(self) -> "Steps":
        """A good ordering: the best greedy pass, improved over its promotions and the strongest others."""
        by_strength = self._passes()
        in_hand = [place for place in by_strength if place in {step.place for step in self.best}]
        few = list(dict.fromkeys([*in_hand[:SHORTLIST], *by_strength]))[:SHORTLIST]
        self._visit(self.start, (), 0, sorted(few))
        return self.best

    def _passes(self) -> list[int]:
        """Three greedy passes; the promotions by what they give alone."""
        places = range(len(self.promotions))
        alone = [self._attempt(place, self.start).discount for place in places]
        amounts = [sum([self.start.lines[line].total() for line in reach]) for reach in self.reach]
        by_strength = sorted(places, key=lambda place: (-alone[place], place))
        self._pass(by_strength)
        self._pass(sorted(places, key=lambda place: (-alone[place] * 10_000 // max(1, amounts[place]), place)))
        self._pass(list(places))
        return by_strength

    def _pass(self, order: list[int]) -> None:
        """Take the promotions in a plain order, each that has an effect."""
        state, total = self.start, 0
        steps: Steps = ()
        for place in order:
            if len(steps) == self.most:
                break
            if self._possible(place, steps, state):
                result = self._attempt(place, state)
                if result.discount:
                    state = state.after(result.changes)
                    steps, total = (*steps, Step(place, result)), total + result.discount
        self._consider(steps, total)

    def _visit(self, state: State, steps: "Steps", total: int, rest: list[int]) -> None:
        """Consider everything that could be taken next; `rest` is what `_possible` allows."""
        if self.pruned and steps and not self._promising(state, steps, total, rest):
            return
        for place in rest:
            result = self._attempt(place, state)
            if not result.discount:
                continue
            taken = (*steps, Step(place, result))
            self._consider(taken, total + result.discount)
            if len(rest) == 1 or len(taken) == self.most:
                continue
            after = state.after(result.changes)
            left = [other for other in rest if other != place and self._possible(other, taken, after)]
            if not left:
                continue
            if steps:
                key = (frozenset([step.place for step in taken]), *[after.lines[line] for line in self.lines])
                if key in self.seen:  # an ordering first by rank has led here
                    continue
                self.seen.add(key)
            self._visit(after, taken, total + result.discount, left)

    def _promising(self, state: State, steps: "Steps", total: int, rest: list[int]) -> bool:
        """Whether the rest could still lead to something better than the best so far."""
        bounds = [self._bound(place, state) for place in rest]
        places_left = self.most - len(steps)
        if places_left < len(bounds):
            bounds = sorted(bounds, reverse=True)[:places_left]
        could = total + min(sum(bounds), self._subtotal(state))
        return could > self.total or (could == self.total and len(steps) < len(self.best))

    def _bound(self, place: int, state: State) -> int:
        key = (place, *[state.lines[line].free for line in self.reach[place]])
        found = self.bounds.get(key)
        if found is None:
            found = self.bounds[key] = bound(self.promotions[place], self.cart, state, self.lane)
        return found

    def _possible(self, place: int, steps: "Steps", state: State) -> bool:
        if not self.masks[place] & state.open:
            return False
        if not self.exclusions:
            return True
        promotion = self.promotions[place]
        return not any(promotion.conflicts_with(self.promotions[step.place]) for step in steps)

    def _attempt(self, place: int, state: State) -> Attempt:
        key = (place, *[state.lines[line] for line in self.reach[place]])
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = attempt(self.promotions[place], self.cart, state, self.lane, None)
        return found

    def _consider(self, steps: "Steps", total: int) -> None:
        if total > self.total or (
            total == self.total
            and tie_key(self.promotions, list(map(_place, steps)))
            < tie_key(self.promotions, list(map(_place, self.best)))
        ):
            self.total, self.best = total, steps


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

    def __init__(self, promotions: Sequence[Promotion], curves: Sequence[Curve], most: int) -> None:
        self.promotions = promotions
        self.curves = curves
        self.most = most
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
