"""Finding the promotions that could match a cart without looking at the others.

Every promotion is filed under one thing that a cart must have for it to apply: a coupon code, a value that its scopes
or its condition ask for, a subtotal, or the moment from which it runs. The rarest kind of thing wins; what asks for
nothing is always a candidate.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from promotions.engine.cart import Cart
from promotions.engine.conditions import Leaf
from promotions.engine.promotion import Promotion
from promotions.engine.schedule import instant_of
from promotions.engine.scope import LINE_KINDS, Scope

MEMBER_LISTS = {"member.segments": "segments", "member.tags": "tags"}
TEXTS = ("channel_ref", "location", "member.tier", "channel")
KINDS = (  # from the kind that usually narrows most to the one that narrows least
    "codes",
    "skus",
    "products",
    "channel_ref",
    "member.segments",
    "member.tags",
    "tags",
    "brands",
    "categories",
    "location",
    "member.tier",
    "channel",
)

type Demand = tuple[str, frozenset[str]]  # (kind, values of which the cart must have one)


class Thresholds:
    """Places that count from some value on."""

    __slots__ = ("_places", "_values")

    def __init__(self, pairs: list[tuple[int, int]]) -> None:
        """Of (value, place)."""
        pairs.sort()
        self._values = [value for value, _ in pairs]
        self._places = [place for _, place in pairs]

    def __bool__(self) -> bool:
        return bool(self._values)

    def reached(self, value: int) -> list[int]:
        return self._places[: bisect_right(self._values, value)]


class Index:
    """Candidates by what a cart has; candidates are places in the list of promotions."""

    def __init__(self, promotions: Sequence[Promotion], *, listing: bool = False) -> None:
        """With `listing`, what else a cart may come to hold is left open: thresholds on the cart demand nothing."""
        self._by: dict[str, dict[str, list[int]]] = {}
        self._always: list[int] = []
        by_subtotal: list[tuple[int, int]] = []
        by_start: list[tuple[int, int]] = []
        for place, promotion in enumerate(promotions):
            demands = list(_demands(promotion, listing=listing))
            if demands:
                kind, values = min(demands, key=lambda demand: KINDS.index(demand[0]))
                filed = self._by.setdefault(kind, {})
                for value in values:
                    filed.setdefault(value, []).append(place)
            elif not listing and (least := _least_subtotal(promotion)) > 0:
                by_subtotal.append((least, place))
            elif promotion.schedule.start is not None:
                by_start.append((promotion.schedule.start, place))
            else:
                self._always.append(place)
        self._from_subtotal = Thresholds(by_subtotal)
        self._from_start = Thresholds(by_start)

    def candidates(self, cart: Cart) -> list[int]:
        """Places of every promotion that could apply to the cart, and few others, in order."""
        found = set(self._always)
        for kind, filed in self._by.items():
            for value in _has(cart, kind):
                places = filed.get(value)
                if places is not None:
                    found.update(places)
        if self._from_subtotal:
            found.update(self._from_subtotal.reached(sum(cart.initial)))
        if self._from_start:
            found.update(self._from_start.reached(instant_of(cart.now)))
        return sorted(found)


def _has(cart: Cart, kind: str) -> Iterable[str]:
    facts = cart.facts
    if kind == "codes":
        return facts.coupons
    if kind in LINE_KINDS:
        held: dict[str, int] = getattr(cart, kind)
        return held
    if kind in MEMBER_LISTS:
        of_member: frozenset[str] = getattr(facts.member, MEMBER_LISTS[kind], frozenset())
        return of_member
    text: str | None = getattr(facts.member, "tier", None) if kind == "member.tier" else getattr(facts, kind)
    return () if text is None else (text,)


def _demands(promotion: Promotion, *, listing: bool) -> Iterable[Demand]:
    if promotion.codes is not None:
        yield "codes", frozenset(promotion.codes)
    scopes = [scope for reward in promotion.decisive for scope in reward.scopes()]
    yield from _shared_demand(scopes)
    for leaf in promotion.when.required() if promotion.when is not None else ():
        if leaf.fact in TEXTS and leaf.op == "eq":
            yield leaf.fact, frozenset({leaf.value})
        elif (leaf.fact in TEXTS and leaf.op == "in") or (
            leaf.fact in MEMBER_LISTS and leaf.op in ("any_of", "all_of")
        ):
            yield leaf.fact, leaf.value
        elif not listing and _least(leaf) > 0:
            yield from _shared_demand([leaf.scope])


def _shared_demand(scopes: list[Scope]) -> Iterable[Demand]:
    """A kind that every one of the scopes asks for, with all their values."""
    if len(scopes) == 1:
        yield from scopes[0].keyed
        return
    asked = [dict(scope.keyed) for scope in scopes]
    for kind in LINE_KINDS:
        if asked and all(kind in keys for keys in asked):
            yield kind, frozenset().union(*(keys[kind] for keys in asked))


def _least(leaf: Leaf) -> int:
    """What the fact of a threshold on the cart must come to at least."""
    if not leaf.kind.of_cart or leaf.op not in ("gte", "gt", "eq"):
        return 0
    return int(leaf.value) + (leaf.op == "gt")


def _least_subtotal(promotion: Promotion) -> int:
    """The initial subtotal below which the condition cannot hold: no scope or lane makes a cart worth more."""
    if promotion.when is None:
        return 0
    return max((_least(leaf) for leaf in promotion.when.required() if leaf.fact == "subtotal"), default=0)
