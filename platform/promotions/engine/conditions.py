"""Conditions: parsed without recursion and compiled to a chain of leaves with jump targets.

Every leaf knows where to go on when it holds and when it does not; `all`, `any` and `not` exist only in those targets.
So a condition nested to any depth is judged by a flat loop, in reading order, looking at no leaf that cannot matter.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from promotions.engine.facts import CHANNELS
from promotions.engine.faults import Fault, Path, Reader
from promotions.engine.scope import Scope, Scopes
from promotions.engine.stage import UNKNOWN, Stage

HOLDS, FAILS = -1, -2
LEAF_KEYS = frozenset({"fact", "op", "value"})
GROUPS = ("all", "any", "not")

type Value = int | str | bool | frozenset[str]


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing before something holds, in the unit of its fact; `scope` says of which units, where it counts."""

    fact: str
    missing: int
    scope: Scope | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        return {"fact": self.fact, "missing": self.missing}


class FactKind(NamedTuple):
    """How a fact is read from the stage, and what may be asked about it."""

    shape: str  # number, flag, text or list
    read: Callable[[Stage, "Leaf"], Any]
    keys: frozenset[str] = frozenset()  # besides fact, op and value
    of_cart: bool = False


def _scoped(read: Callable[[Stage, "Leaf"], int], *keys: str) -> FactKind:
    return FactKind("number", read, frozenset({"scope", *keys}), of_cart=True)


FACTS: dict[str, FactKind] = {
    "subtotal": _scoped(lambda stage, leaf: stage.subtotal(leaf.scope, initial=leaf.initial), "basis"),
    "quantity": _scoped(lambda stage, leaf: stage.quantity(leaf.scope)),
    "distinct_skus": _scoped(lambda stage, leaf: stage.distinct_skus(leaf.scope)),
    "member.present": FactKind("flag", lambda stage, _: stage.member is not None),
    "member.is_birthday": FactKind("flag", lambda stage, _: stage.is_birthday()),
    "member.tier": FactKind("text", lambda stage, _: stage.of_member("tier")),
    "channel": FactKind("text", lambda stage, _: stage.facts.channel),
    "channel_ref": FactKind("text", lambda stage, _: stage.facts.channel_ref),
    "location": FactKind("text", lambda stage, _: stage.facts.location),
    "member.tags": FactKind("list", lambda stage, _: stage.of_member("tags")),
    "member.segments": FactKind("list", lambda stage, _: stage.of_member("segments")),
    "member.orders": FactKind("number", lambda stage, _: stage.of_member("orders")),
    "member.spent": FactKind("number", lambda stage, _: stage.of_member("spent")),
    "member.days_since_join": FactKind("number", lambda stage, _: stage.days_since_join()),
    "member.days_to_birthday": FactKind("number", lambda stage, _: stage.days_to_birthday()),
}

OPERATORS: dict[str, dict[str, Callable[[Any, Any], bool]]] = {
    "number": {"gte": operator.ge, "gt": operator.gt, "lte": operator.le, "lt": operator.lt, "eq": operator.eq},
    "flag": {"eq": operator.eq},
    "text": {
        "eq": operator.eq,
        "in": lambda found, wanted: found in wanted,
        "not_in": lambda found, wanted: found not in wanted,
    },
    "list": {
        "any_of": lambda found, wanted: not wanted.isdisjoint(found),
        "all_of": lambda found, wanted: wanted <= found,
        "none_of": lambda found, wanted: wanted.isdisjoint(found),
    },
}


class Leaf:
    """One comparison of one fact."""

    __slots__ = ("compare", "fact", "initial", "kind", "op", "read", "scope", "value")

    scope: Scope
    initial: bool

    def __init__(self, fact: str, op: str, value: Value, scope: Scope, *, initial: bool) -> None:
        self.fact = fact
        self.op = op
        self.value: Any = value
        self.scope = scope
        self.initial = initial
        self.kind = FACTS[fact]
        self.read = self.kind.read
        self.compare = OPERATORS[self.kind.shape][op]

    def holds(self, stage: Stage) -> bool:
        found = self.read(stage, self)
        return found is not UNKNOWN and self.compare(found, self.value)

    def gap(self, stage: Stage) -> Gap | None:
        """How far the fact is from a threshold above it; null where that cannot be told."""
        if self.kind.shape != "number" or self.op not in ("gte", "gt"):
            return None
        found = self.read(stage, self)
        if found is UNKNOWN:
            return None
        scope = self.scope if self.kind.of_cart else None
        return Gap(self.fact, self.value - found + (self.op == "gt"), scope)


class Group(NamedTuple):
    kind: str
    parts: list["Group | Leaf"]


class Condition:
    """A compiled condition. `yes[i]` and `no[i]` are where to go from leaf `i`: a later leaf, HOLDS or FAILS."""

    __slots__ = ("leaves", "no", "of_cart", "yes")

    def __init__(self, root: Group | Leaf) -> None:
        leaves: list[Leaf] = []
        yes: list[int] = []
        no: list[int] = []
        entry = HOLDS  # where a success would enter what has been compiled so far
        work: list[tuple[Group | Leaf, int, int, int | None]] = [(root, HOLDS, FAILS, None)]
        while work:  # from the last leaf to the first, so that every target is already known
            node, on_yes, on_no, rest = work.pop()
            if isinstance(node, Leaf):
                leaves.append(node)
                yes.append(on_yes)
                no.append(on_no)
                entry = len(leaves) - 1
            elif node.kind == "not":
                work.append((node.parts[0], on_no, on_yes, None))
            else:
                if rest is None:
                    rest = len(node.parts)
                    entry = on_yes if node.kind == "all" else on_no
                if rest:
                    work.append((node, on_yes, on_no, rest - 1))
                    targets = (entry, on_no) if node.kind == "all" else (on_yes, entry)
                    work.append((node.parts[rest - 1], *targets, None))
        last = len(leaves) - 1
        self.leaves = tuple(reversed(leaves))
        self.of_cart = all(leaf.kind.of_cart for leaf in leaves)
        self.yes = tuple(last - target if target >= 0 else target for target in reversed(yes))
        self.no = tuple(last - target if target >= 0 else target for target in reversed(no))

    def holds(self, stage: Stage) -> bool:
        place = 0
        while place >= 0:
            place = self.yes[place] if self.leaves[place].holds(stage) else self.no[place]
        return place == HOLDS

    def gap(self, stage: Stage) -> Gap | None:
        """The first leaf in reading order that alone stands in the way of a condition that does not hold."""
        held = [leaf.holds(stage) for leaf in self.leaves]
        ends = [False] * len(held)
        for place in reversed(range(len(held))):
            target = self.yes[place] if held[place] else self.no[place]
            ends[place] = ends[target] if target >= 0 else target == HOLDS
        place = 0
        while place >= 0:
            if not held[place]:
                then = self.yes[place]
                gap = self.leaves[place].gap(stage)
                if gap is not None and (ends[then] if then >= 0 else then == HOLDS):
                    return gap
            place = self.yes[place] if held[place] else self.no[place]
        return None

    def could_hold(self, stage: Stage) -> bool:
        """Whether some cart in these circumstances (channel, time, member) could meet the condition."""
        if self.of_cart:
            return True
        reached = {0}
        for place, leaf in enumerate(self.leaves):
            if place not in reached:
                continue
            if leaf.kind.of_cart:
                reached |= {self.yes[place], self.no[place]}
            else:
                reached.add(self.yes[place] if leaf.holds(stage) else self.no[place])
        return HOLDS in reached

    def required(self) -> list[Leaf]:
        """Leaves that must hold whenever the condition does: those that lead the chain and fail it at once."""
        found = []
        place = 0
        while place >= 0 and self.no[place] == FAILS:
            found.append(self.leaves[place])
            place = self.yes[place]
        return found


def parse_condition(document: object, path: Path, faults: list[Fault], scopes: Scopes) -> Condition | None:
    """The condition, or null where a fault leaves nothing to compile."""
    found: list[Group | Leaf] = []
    before = len(faults)
    work: list[tuple[object, Path, list[Group | Leaf]]] = [(document, path, found)]
    while work:
        node, place, siblings = work.pop()
        kinds = [kind for kind in GROUPS if kind in node] if isinstance(node, dict) else []
        if not kinds:
            leaf = _parse_leaf(node, place, faults, scopes)
            if leaf is not None:
                siblings.append(leaf)
            continue
        reader = Reader(node, place, faults, kinds)
        if len(kinds) > 1:
            reader.fault(kinds[1], "CONFLICT", f"cannot stand beside {kinds[0]}: nest one in the other")
        kind = kinds[0]
        group = Group(kind, [])
        siblings.append(group)
        if kind == "not":
            work.append((reader.document["not"], reader.at("not"), group.parts))
        else:
            work.extend(reversed([(entry, at, group.parts) for at, entry in reader.items(kind)]))
    return Condition(found[0]) if len(faults) == before else None


def _parse_leaf(node: object, path: Path, faults: list[Fault], scopes: Scopes) -> Leaf | None:
    fact = node.get("fact") if isinstance(node, dict) else None
    kind = FACTS.get(fact) if isinstance(fact, str) else None
    known = LEAF_KEYS | (kind.keys if kind else frozenset({"scope", "basis"}))
    reader = Reader(node, path, faults, known)
    name = reader.choice("fact", tuple(FACTS))
    if kind is None:
        reader.require("op")
        reader.require("value")
        return None
    op = reader.choice("op", tuple(OPERATORS[kind.shape]))
    value = _parse_value(reader, name, kind, op)
    scope = scopes.parse(reader) if "scope" in kind.keys else scopes.everything
    basis = reader.choice("basis", ("current", "initial"), default="current") if "basis" in kind.keys else "current"
    if value is None:
        return None
    return Leaf(name, op, value, scope, initial=basis == "initial")


def _parse_value(reader: Reader, fact: str, kind: FactKind, op: str) -> Value | None:
    if not reader.require("value"):
        return None
    if kind.shape == "number":
        return reader.integer("value", 0)
    if kind.shape == "flag":
        return reader.flag("value")
    options = CHANNELS if fact == "channel" else None
    if op == "eq":
        text = reader.choice("value", options) if options else reader.text("value", required=True)
        return text or None
    texts = reader.texts("value")
    for place, text in enumerate(texts if options else ()):
        if text not in CHANNELS:
            fault = Fault(str(Path(reader.at("value"), place)), "VALUE", f"must be one of {', '.join(CHANNELS)}")
            reader.faults.append(fault)
    return frozenset(texts)
