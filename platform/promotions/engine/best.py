"""Mode `best`: the ordering of a subset of a lane's promotions that takes off most.

Promotions that cannot touch the same lines are solved apart. Within a group of up to EXACT_UP_TO the search is
exhaustive: depth first over orderings, pruned by what the rest could still add at most, and entering a state that the
same promotions have already led to only once. Above that, greedy passes find a good ordering and the exhaustive search
improves it over the most promising few; the quote then says that it is not exact.
"""

from collections.abc import Sequence
from typing import NamedTuple

from promotions.engine.application import attempt
from promotions.engine.cart import Cart, State
from promotions.engine.policy import Lane
from promotions.engine.promotion import Promotion
from promotions.engine.rewards import Turn

EXACT_UP_TO = 7
SHORTLIST = 5

type Ordering = tuple[int, ...]  # places in the list of promotions, which is by rank


class Choice(NamedTuple):
    promotions: list[Promotion]  # in the order of application
    exact: bool


def choose(ready: Sequence[Promotion], cart: Cart, state: State, lane: Lane) -> Choice:
    """The best ordering among the applicable promotions, given by rank (priority falling, then id)."""
    reaching = [promotion for promotion in ready if promotion.mask(cart)]
    if len(reaching) <= 1:
        return Choice(reaching, exact=True)
    if lane.max == 1:
        return Choice(_best_single(reaching, cart, state, lane), exact=True)
    limited = lane.max is not None and lane.max < len(reaching)
    groups = [list(range(len(reaching)))] if limited else _groups(reaching, cart)
    exact = True
    orderings: list[Ordering] = []
    for group in groups:
        if len(group) == 1:
            orderings.append((group[0],))
            continue
        search = Search([reaching[place] for place in group], cart, state, lane)
        if len(group) > EXACT_UP_TO:
            exact = False
            found = search.shortlisted()
        else:
            found = search.exhaustive()
        orderings.append(tuple(group[place] for place in found))
    return Choice([reaching[place] for place in _interleaved(orderings)], exact)


def bound(promotion: Promotion, cart: Cart, state: State, lane: Lane) -> int:
    """At least what the promotion can take off in this lane, whatever is applied before it."""
    turn = Turn(cart, state, lane.per_unit, promotion.limits.times_per_order)
    most = sum([reward.bound(turn) for reward in promotion.then])
    budget = promotion.budget(cart.facts)
    return most if budget is None or budget > most else budget


def _best_single(reaching: list[Promotion], cart: Cart, state: State, lane: Lane) -> list[Promotion]:
    bounds = sorted((-bound(promotion, cart, state, lane), promotion.rank, promotion) for promotion in reaching)
    best: tuple[int, tuple[int, str]] = (0, (0, ""))
    winner: list[Promotion] = []
    for negative, rank, promotion in bounds:
        if negative > best[0]:
            break
        discount = attempt(promotion, cart, state, lane, None).discount
        if discount and (-discount, rank) < best:
            best, winner = (-discount, rank), [promotion]
    return winner


def _groups(reaching: Sequence[Promotion], cart: Cart) -> list[list[int]]:
    """The promotions that compete, directly or through others: for the same lines, or by excluding each other."""
    groups: list[tuple[int, list[int]]] = []
    for place, promotion in enumerate(reaching):
        mask, members = promotion.mask(cart), [place]
        apart: list[tuple[int, list[int]]] = []
        for other_mask, others in groups:
            if mask & other_mask or any(promotion.conflicts_with(reaching[other]) for other in others):
                mask |= other_mask
                members = others + members
            else:
                apart.append((other_mask, others))
        groups = [*apart, (mask, members)]
    return [sorted(members) for _, members in groups]


def _interleaved(orderings: list[Ordering]) -> list[int]:
    """Independent orderings as one, the first by rank of all that keep each in its order."""
    queues = [list(reversed(ordering)) for ordering in orderings if ordering]
    merged: list[int] = []
    while queues:
        first = min(queues, key=lambda queue: queue[-1])
        merged.append(first.pop())
        queues = [queue for queue in queues if queue]
    return merged


class Search:
    """The search among promotions that compete with each other."""

    def __init__(self, promotions: list[Promotion], cart: Cart, state: State, lane: Lane) -> None:
        self.promotions = promotions
        self.cart = cart
        self.start = state
        self.lane = lane
        self.most = len(promotions) if lane.max is None else lane.max
        self.masks = [promotion.mask(cart) for promotion in promotions]
        everything = 0
        for mask in self.masks:
            everything |= mask
        self.lines = cart.indexes(everything)
        self.bounds = [bound(promotion, cart, state, lane) for promotion in promotions]
        self.total = 0
        self.ordering: Ordering = ()
        self.seen: set[tuple[object, ...]] = set()

    def exhaustive(self) -> Ordering:
        """The best of all orderings of all subsets."""
        self._greedily()
        self._visit(self.start, (), 0, tuple(range(len(self.promotions))))
        return self.ordering

    def shortlisted(self) -> Ordering:
        """A good ordering: the best greedy pass, improved over its promotions and the strongest others."""
        alone = self._greedily()
        by_strength = sorted(range(len(self.promotions)), key=lambda place: (-alone[place], place))
        in_hand = sorted(self.ordering, key=lambda place: (-alone[place], place))
        few = list(dict.fromkeys([*in_hand[:SHORTLIST], *by_strength]))[:SHORTLIST]
        self._visit(self.start, (), 0, tuple(sorted(few)))
        return self.ordering

    def _greedily(self) -> list[int]:
        """Take three passes in plain orders as the first thing to beat; the discount of each promotion alone."""
        alone = [attempt(promotion, self.cart, self.start, self.lane, None).discount for promotion in self.promotions]
        places = range(len(self.promotions))
        amounts = [
            sum(amount * count for line in self.cart.indexes(mask) for amount, count in self.start.free[line])
            for mask in self.masks
        ]
        self._pass(sorted(places, key=lambda place: (-alone[place], place)))
        self._pass(sorted(places, key=lambda place: (-alone[place] * 10_000 // max(1, amounts[place]), place)))
        self._pass(list(places))
        return alone

    def _pass(self, order: list[int]) -> None:
        chosen: Ordering = ()
        state, total = self.start, 0
        for place in order:
            if len(chosen) == self.most:
                break
            if self._possible(place, chosen, state):
                result = attempt(self.promotions[place], self.cart, state, self.lane, None)
                if result.discount:
                    state, chosen, total = result.state, (*chosen, place), total + result.discount
        self._consider(chosen, total)

    def _visit(self, state: State, chosen: Ordering, total: int, rest: tuple[int, ...]) -> None:
        self._consider(chosen, total)
        if len(chosen) == self.most:
            return
        rest = tuple([place for place in rest if self._possible(place, chosen, state)])
        could = total + sum([self.bounds[place] for place in rest])
        if could < self.total or (could == self.total and len(chosen) >= len(self.ordering)):
            return
        for place in rest:
            result = attempt(self.promotions[place], self.cart, state, self.lane, None)
            if not result.discount:
                continue
            after = result.state
            key = (
                frozenset((*chosen, place)),
                *[after.free[line] for line in self.lines],
                *[after.used[line] for line in self.lines],
            )
            if key not in self.seen:  # else an ordering first by rank has led here
                self.seen.add(key)
                left = tuple([other for other in rest if other != place])
                self._visit(after, (*chosen, place), total + result.discount, left)

    def _possible(self, place: int, chosen: Ordering, state: State) -> bool:
        if not self.masks[place] & state.open:
            return False
        promotion = self.promotions[place]
        return not any(promotion.conflicts_with(self.promotions[other]) for other in chosen)

    def _consider(self, chosen: Ordering, total: int) -> None:
        if total > self.total or (total == self.total and self._key(chosen) < self._key(self.ordering)):
            self.total, self.ordering = total, chosen

    def _key(self, ordering: Ordering) -> tuple[object, ...]:
        chosen = [self.promotions[place] for place in ordering]
        return (
            len(chosen),
            -sum(promotion.priority for promotion in chosen),
            sorted(promotion.id for promotion in chosen),
            ordering,
        )
