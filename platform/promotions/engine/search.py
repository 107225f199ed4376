"""The search among promotions that compete with each other, in lanes of mode `best`.

Depth first over orderings in order of rank, pruned by what the rest could still add at most, and entering a state that
the same promotions have already led to only once. When the quote's work is used up, the best ordering so far is
improved by moving single promotions, and the search is not exact.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promotions.engine.application import Attempt, attempt, bound
from promotions.engine.cart import Cart, State
from promotions.engine.policy import Lane
from promotions.engine.promotion import Promotion
from promotions.engine.totals import TotalsSearch, curves_of, tie_key

SHORTLIST = 5
UNPRUNED_UP_TO = 3  # so few are tried sooner than bounded


class Step(NamedTuple):
    """A promotion, by its place in a list that is by rank, and what it does at its turn."""

    place: int
    attempt: Attempt


type Steps = tuple[Step, ...]


class Rival(NamedTuple):
    """An applicable promotion and the lines that it reaches."""

    promotion: Promotion
    mask: int


def place_of(step: Step) -> int:
    return step.place


class Search:
    """The search among promotions that compete with each other."""

    def __init__(self, rivals: list[Rival], cart: Cart, state: State, lane: Lane) -> None:
        self.promotions = [rival.promotion for rival in rivals]
        self.cart = cart
        self.work = cart.work
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
        self.exact = True
        self.seen: set[tuple[object, ...]] = set()
        self.known: dict[tuple[object, ...], Attempt] = {}

    def exhaustive(self) -> "Steps":
        """The best of all orderings of all subsets."""
        if self.pruned and (curves := curves_of(self.promotions, self.cart, self.start, self.lane)) is not None:
            totals = TotalsSearch(self.promotions, curves, self.most, self.work)
            found = self._replayed(totals.run(self._subtotal(self.start)))
            if totals.exact:
                return found
            self._consider(found, totals.total)
        if self.pruned:  # with something good in hand more can be left untried
            self._passes()
        self._visit(self.start, (), 0, self._bounds(range(len(self.promotions))))
        if not self.exact:
            if not self.pruned:
                self._passes()
            self._improve()
        return self.best

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
        self.exact = False
        by_strength = self._passes()
        in_hand = [place for place in by_strength if place in {step.place for step in self.best}]
        few = list(dict.fromkeys([*in_hand[:SHORTLIST], *by_strength]))[:SHORTLIST]
        self._visit(self.start, (), 0, self._bounds(sorted(few)))
        return self.best

    def _passes(self) -> list[int]:
        """Three greedy passes; the promotions by what they give alone."""
        places = range(len(self.promotions))
        alone = [self._attempt(place, self.start).discount for place in places]
        amounts = [sum([self.start.lines[line].total() for line in reach]) for reach in self.reach]
        by_strength = sorted(places, key=lambda place: (-alone[place], place))
        by_share = sorted(places, key=lambda place: (-alone[place] * 10_000 // max(1, amounts[place]), place))
        self._pass(by_strength)
        self._pass(by_share, to_the_end=False)
        self._pass(list(places), to_the_end=False)
        return by_strength

    def _pass(self, order: list[int], *, to_the_end: bool = True) -> None:
        """Take the promotions in a plain order, each that has an effect."""
        state, total = self.start, 0
        steps: Steps = ()
        for place in order:
            if len(steps) == self.most or (self.work.is_used_up() and not to_the_end):
                break
            if self._possible(place, steps, state):
                result = self._attempt(place, state)
                if result.discount:
                    state = state.after(result.changes)
                    steps, total = (*steps, Step(place, result)), total + result.discount
        self._consider(steps, total)

    def _improve(self) -> None:
        """Move one promotion at a time within the best ordering, or leave it out, while that takes off more."""
        before = -1
        while before < self.total:
            before = self.total
            for order in self._neighbours():
                if self.work.is_used_up(reserve=True):
                    return
                self._pass(order)
                if self.total > before:
                    break

    def _neighbours(self) -> Iterator[list[int]]:
        taken = list(map(place_of, self.best))
        order = taken + [place for place in range(len(self.promotions)) if place not in taken]
        for place in order:
            others = [other for other in order if other != place]
            yield others
            for turn in range(len(order)):
                yield [*others[:turn], place, *others[turn:]]

    def _visit(self, state: State, steps: "Steps", total: int, rest: dict[int, int]) -> None:
        """Consider everything that could be taken next: `rest` is what `_possible` allows, with a bound for each.

        The bounds may be those of an earlier state: they hold whatever is applied before.
        """
        if self.pruned:
            if not self._promising(state, steps, total, rest):
                return
            if steps and len(rest) > 1:  # one alone is tried sooner than bounded anew
                rest = {place: most for place in rest if (most := self._bound(place, state))}
                if not self._promising(state, steps, total, rest):
                    return
        for place in rest:
            if self.work.is_used_up():
                self.exact = False
                return
            result = self._attempt(place, state)
            if not result.discount:
                continue
            taken = (*steps, Step(place, result))
            self._consider(taken, total + result.discount)
            if len(rest) == 1 or len(taken) == self.most:
                continue
            after = state.after(result.changes)
            left = {
                other: most for other, most in rest.items() if other != place and self._possible(other, taken, after)
            }
            if not left:
                continue
            if steps:
                key = (frozenset([step.place for step in taken]), *[after.lines[line] for line in self.lines])
                if key in self.seen:  # an ordering first by rank has led here
                    continue
                self.seen.add(key)
            self._visit(after, taken, total + result.discount, left)

    def _promising(self, state: State, steps: "Steps", total: int, rest: dict[int, int]) -> bool:
        """Whether the rest could still lead to something better than the best so far."""
        bounds = list(rest.values())
        places_left = self.most - len(steps)
        if places_left < len(bounds):
            bounds = sorted(bounds, reverse=True)[:places_left]
        most, subtotal = sum(bounds), self._subtotal(state)
        could = total + min(most, subtotal)
        if could != self.total:
            return could > self.total
        if most > subtotal or places_left < len(rest):
            return len(steps) < len(self.best)
        return self._wins_tie([step.place for step in steps], [place for place in rest if rest[place]])

    def _wins_tie(self, places: list[int], rest: list[int]) -> bool:
        """Whether an ordering that begins with `places` and takes all the rest may stand before the best so far."""
        best = list(map(place_of, self.best))
        *ours, _ = tie_key(self.promotions, [*places, *rest])
        *theirs, _ = tie_key(self.promotions, best)
        return ours < theirs or (ours == theirs and [*places, *rest] < best)

    def _bounds(self, places: Iterable[int]) -> dict[int, int]:
        return {place: self._bound(place, self.start) for place in places}

    def _bound(self, place: int, state: State) -> int:
        key = (place, *[state.lines[line].free for line in self.reach[place]])
        found = self.bounds.get(key)
        if found is None:
            self._count(place, state)
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
            self._count(place, state)
            found = self.known[key] = attempt(self.promotions[place], self.cart, state, self.lane, None)
        return found

    def _count(self, place: int, state: State) -> None:
        """Count what trying or bounding a promotion costs."""
        runs = sum([len(state.lines[line].free) + len(state.lines[line].used) for line in self.reach[place]])
        self.work.add(runs * self.promotions[place].looks)

    def _consider(self, steps: "Steps", total: int) -> None:
        if total > self.total or (
            total == self.total
            and tie_key(self.promotions, list(map(place_of, steps)))
            < tie_key(self.promotions, list(map(place_of, self.best)))
        ):
            self.total, self.best = total, steps
