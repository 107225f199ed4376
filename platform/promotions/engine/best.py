"""Mode `best`: the ordering of a subset of a lane's promotions that takes off most.

Promotions that cannot touch the same lines are solved apart. Within a group of up to EXACT_UP_TO the search is
exhaustive. Above that, greedy passes find a good ordering and the exhaustive search improves it over the most promising
few; the quote then says that it is not exact. So it does when a search ran out of work.
"""

from collections.abc import Sequence
from typing import NamedTuple

from promotions.engine.application import Attempt, attempt, bound
from promotions.engine.cart import Cart, State
from promotions.engine.policy import Lane
from promotions.engine.promotion import Promotion
from promotions.engine.search import Rival, Search, Step, place_of

EXACT_UP_TO = 7


class Choice(NamedTuple):
    """What the lane applies, in order, and what each does while no cap is in the way."""

    taken: list[tuple[Promotion, Attempt]]
    exact: bool


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
        found = search.shortlisted() if len(group) > EXACT_UP_TO else search.exhaustive()
        exact = exact and search.exact
        if found:
            steps.append([Step(group[step.place], step.attempt) for step in found])
    return Choice([(rivals[step.place].promotion, step.attempt) for step in _interleaved(steps)], exact)


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
        return sorted([steps[0] for steps in sequences], key=place_of)
    queues = [list(reversed(steps)) for steps in sequences]
    merged: list[Step] = []
    while queues:
        merged.append(min(queues, key=lambda queue: queue[-1].place).pop())
        queues = [queue for queue in queues if queue]
    return merged
