"""Faults of meaning: parts of a promotion that are well formed and can never have an effect.

A rule set prices such a promotion like any other (it just never applies), so what is live stays live. They are
reported where a merchant can still mend them: before a promotion goes live.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from promotions.engine.conditions import Condition, Leaf
from promotions.engine.facts import CHANNELS
from promotions.engine.faults import Fault, Path
from promotions.engine.promotion import Promotion
from promotions.engine.rewards import Reward
from promotions.engine.rewards.amount_off import AmountOff
from promotions.engine.rewards.any_n_price import AnyNPrice
from promotions.engine.rewards.bundle_price import BundlePrice
from promotions.engine.rewards.buy_get import BuyGet
from promotions.engine.rewards.effects import Gift
from promotions.engine.rewards.expiry_ladder import ExpiryLadder
from promotions.engine.rewards.tiers import Tiers
from promotions.engine.rewards.unit_price import FixedUnitPrice
from promotions.engine.schedule import DAY, Schedule
from promotions.engine.scope import Scope

TRIES = 200  # leaves looked at before a condition is believed to be possible
LOWEST = -(10**9)

type Key = tuple[str, Scope | None, bool]
type Ends = tuple[int, int | None]  # from, and to (null is no end), both included


def find_impossible(promotion: Promotion, document: dict[str, Any], path: Path | None) -> list[Fault]:
    """What of a valid promotion can never have an effect; `document` is what it was parsed from."""
    faults: list[Fault] = []

    def note(message: str, *keys: str | int) -> None:
        place = path
        for key in keys:
            place = Path(place, key)
        faults.append(Fault(str(place), "CONFLICT", message))

    if not _ever_opens(promotion.schedule):
        note("never opens: no such weekday or hour lies between from and until", "schedule")
    if promotion.when is not None and not _possible(promotion.when, {}):
        note("can never hold: its parts contradict each other", "when")
    for place, reward in enumerate(promotion.then):
        for scope, keys in _scopes(reward):
            if _is_empty(scope):
                note("matches no unit: exclude takes out all that it asks for", "then", place, *keys, "exclude")
        for message, where in _of_reward(reward, document["then"][place], promotion.when):
            note(message, "then", place, *where)
    return faults


def _scopes(reward: Reward) -> Iterator[tuple[Scope, tuple[str | int, ...]]]:
    if isinstance(reward, BuyGet):
        yield reward.buy, ("buy", "scope")
        yield reward.get, ("get", "scope")
    elif isinstance(reward, BundlePrice):
        for place, item in enumerate(reward.items):
            yield item.scope, ("items", place, "scope")
    else:
        yield reward.scopes()[0], ("scope",)


def _is_empty(scope: Scope) -> bool:
    exclude = scope.exclude
    if exclude is None:
        return False
    out = dict(exclude.keyed)
    keys = scope.keys
    return (
        any(kind in out and values <= out[kind] for kind, values in scope.keyed)
        or (exclude.min_unit_price is not None and exclude.min_unit_price <= (keys.min_unit_price or 0))
        or (
            exclude.max_unit_price is not None
            and keys.max_unit_price is not None
            and exclude.max_unit_price >= keys.max_unit_price
        )
        or (
            exclude.max_days_to_expiry is not None
            and keys.max_days_to_expiry is not None
            and exclude.max_days_to_expiry >= keys.max_days_to_expiry
        )
    )


def _of_reward(
    reward: Reward, document: dict[str, Any], when: Condition | None
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """What a reward can never do, and which of its keys say so."""
    for fact, scope, at, where in _thresholds(reward, document):
        if not _reachable(when, fact, scope, at):
            yield "is out of reach of what when asks for", where
    if isinstance(reward, ExpiryLadder):
        oldest = reward.scope.keys.max_days_to_expiry
        days = [step["max_days_to_expiry"] for step in document["steps"]]
        for place, most in enumerate(days):
            if oldest is not None and any(oldest <= other < most for other in days):
                yield (
                    "is out of reach: every batch in scope is on a deeper step",
                    ("steps", place, "max_days_to_expiry"),
                )
    elif isinstance(reward, FixedUnitPrice):
        highest = reward.scope.keys.max_unit_price
        if highest is not None and reward.unit_price >= highest:
            yield "never lowers a price: no unit in scope costs more", ("unit_price",)
    elif isinstance(reward, AnyNPrice | BundlePrice):
        parts = reward.items if isinstance(reward, BundlePrice) else [(reward.scope, reward.quantity)]
        tops = [(scope.keys.max_unit_price, quantity) for scope, quantity in parts]
        if all(top is not None for top, _ in tops):
            most = sum((top or 0) * quantity for top, quantity in tops)
            if reward.price >= most:
                yield f"never saves money: the units come to {most} at the most", ("price",)


def _thresholds(reward: Reward, document: dict[str, Any]) -> Iterator[tuple[str, Scope, int, tuple[str | int, ...]]]:
    """What the units of a reward must come to before it, or a step of it, gives anything."""
    if isinstance(reward, Tiers):
        for place, step in enumerate(document["steps"]):
            yield reward.measure, reward.scope, step["at"], ("steps", place, "at")
    elif isinstance(reward, AmountOff) and reward.every is not None:
        yield "subtotal", reward.scope, reward.every, ("every",)
    elif isinstance(reward, Gift):
        if reward.every_quantity is not None:
            yield "quantity", reward.scope, reward.every_quantity, ("every_quantity",)
        if reward.every_amount is not None:
            yield "subtotal", reward.scope, reward.every_amount, ("every_amount",)


def _ever_opens(schedule: Schedule) -> bool:
    """Whether some moment is in it, in whatever zone `now` is given."""
    if schedule.start is None or schedule.end is None or not (schedule.weekdays or schedule.slots):
        return True
    # Local clocks differ from UTC by less than a day either way.
    start = schedule.start // 1_000_000 - DAY + 60
    end = schedule.end // 1_000_000 + DAY - 60
    if end - start >= 9 * DAY:
        return True
    day = start // DAY - 1
    while day * DAY <= end:
        weekday = (datetime(1970, 1, 1) + timedelta(days=day)).isoweekday()  # noqa: DTZ001  any zone
        if not schedule.weekdays or weekday in schedule.weekdays:
            for opens, closes in schedule.slots or ((0, DAY),):
                last = closes if closes > opens else closes + DAY
                if day * DAY + opens < end and day * DAY + last > start:
                    return True
        day += 1
    return False


@dataclass(frozen=True, slots=True)
class Picture:
    """What the leaves on the way so far say about the cart and the member."""

    member: bool | None = None
    ends: tuple[tuple[Key, Ends], ...] = ()
    among: tuple[tuple[str, frozenset[Any]], ...] = (("channel", frozenset(CHANNELS)),)
    without: tuple[tuple[str, frozenset[Any]], ...] = ()
    some: tuple[tuple[str, frozenset[Any]], ...] = ()  # of lists: one of these is in it

    def within(self, key: Key, start: int, end: int | None) -> "Picture | None":
        known = dict(self.ends)
        lowest = LOWEST if key[0] == "member.days_since_join" else 0  # who joins tomorrow has joined -1 days ago
        highest = 365 if key[0] == "member.days_to_birthday" else None
        before = known.get(key, (lowest, highest))
        start = max(start, before[0])
        if end is None or (before[1] is not None and before[1] < end):
            end = before[1]
        if end is not None and start > end:
            return None
        return replace(self, ends=tuple({**known, key: (start, end)}.items()))

    def one_of(self, fact: str, values: frozenset[Any]) -> "Picture | None":
        known = dict(self.among)
        left = known.get(fact, values) & values
        if not left - dict(self.without).get(fact, frozenset()):
            return None
        return replace(self, among=tuple({**known, fact: left}.items()))

    def none_of(self, fact: str, values: frozenset[Any]) -> "Picture | None":
        known = dict(self.without)
        out = known.get(fact, frozenset()) | values
        among = dict(self.among).get(fact)
        if (among is not None and not among - out) or any(of == fact and wanted <= out for of, wanted in self.some):
            return None
        return replace(self, without=tuple({**known, fact: out}.items()))

    def with_some(self, fact: str, values: frozenset[Any], op: str) -> "Picture | None":
        wanted = [frozenset({one}) for one in values] if op == "all_of" else [values]
        out = dict(self.without).get(fact, frozenset())
        if any(one <= out for one in wanted):
            return None
        return replace(self, some=(*self.some, *((fact, one) for one in wanted)))

    def with_member(self, *, present: bool) -> "Picture | None":
        return None if self.member is (not present) else replace(self, member=present)


def _reachable(when: Condition | None, fact: str, scope: Scope, at: int) -> bool:
    """Whether the units in scope can come to `at` while the condition holds."""
    if when is None:
        return True
    # As the lane starts, and before any discount, they come to at least what a reward finds later.
    return _possible(when, {(fact, scope, False): at, (fact, scope, True): at})


def _possible(condition: Condition, least: dict[Key, int]) -> bool:
    """Whether a way through the leaves exists on which none contradicts another; in doubt it does."""
    picture: Picture | None = Picture()
    for key, start in least.items():
        picture = picture.within(key, start, None) if picture else None
    work: list[tuple[int, Picture]] = [(0, picture)] if picture else []
    tries = 0
    while work:
        place, picture = work.pop()
        if place < 0:
            if place == -1:
                return True
            continue
        tries += 1
        if tries > TRIES:
            return True
        leaf = condition.leaves[place]
        fails, holds = _fails(leaf, picture), _holds(leaf, picture)
        if fails is not None:
            work.append((condition.no[place], fails))
        if holds is not None:
            work.append((condition.yes[place], holds))
    return False


def _holds(leaf: Leaf, picture: Picture) -> Picture | None:
    """The picture with a leaf that holds; null if it cannot."""
    fact, value = leaf.fact, leaf.value
    if fact == "member.present":
        return picture.with_member(present=value)
    known = picture.with_member(present=True) if fact.startswith("member.") else picture
    if known is None:
        return None
    if leaf.kind.shape == "number":
        return known.within(_key(leaf), *_numbers(leaf.op, value))
    if leaf.op in ("not_in", "none_of"):
        return known.none_of(fact, value)
    if leaf.kind.shape == "list":
        return known.with_some(fact, value, leaf.op)
    return known.one_of(fact, value if leaf.op == "in" else frozenset({value}))


def _fails(leaf: Leaf, picture: Picture) -> Picture | None:
    """The picture with a leaf that does not hold; null if it must hold."""
    if leaf.fact == "member.present":
        return picture.with_member(present=not leaf.value)
    if not leaf.kind.of_cart:
        # About the member it may also fail for want of one, and texts may be null.
        if leaf.fact == "channel":
            values = frozenset({leaf.value}) if leaf.op == "eq" else leaf.value
            return picture.one_of("channel", values) if leaf.op == "not_in" else picture.none_of("channel", values)
        return picture
    opposite = {"gte": "lt", "gt": "lte", "lte": "gt", "lt": "gte"}.get(leaf.op)
    return picture if opposite is None else picture.within(_key(leaf), *_numbers(opposite, leaf.value))


def _key(leaf: Leaf) -> Key:
    return leaf.fact, leaf.scope if leaf.kind.of_cart else None, leaf.initial


def _numbers(op: str, value: int) -> tuple[int, int | None]:
    return {
        "gte": (value, None),
        "gt": (value + 1, None),
        "lte": (LOWEST, value),
        "lt": (LOWEST, value - 1),
        "eq": (value, value),
    }[op]
