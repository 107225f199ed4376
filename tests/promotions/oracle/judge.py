"""The quote, worked out the long way: lanes, every ordering of every subset for `best`, exclusives, reasons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .cart import Cart, Json, State
from .conditions import gap, holds, is_open
from .promotion import Attempt, Turn, codes_in, is_money, is_used_up

DEFAULT_POLICY: Json = {
    "lanes": [
        {"lane": "price", "mode": "best"},
        {"lane": "item", "mode": "best"},
        {"lane": "order", "mode": "best", "max": 1},
        {"lane": "coupon", "mode": "best", "max": 1},
        {"lane": "shipping", "mode": "best", "max": 1},
    ],
    "exclusive": "best",
    "floor_margin_bp": None,
    "max_total_discount_bp": None,
}
Skip = tuple[str, Json | None]


def rank(promotion: Json) -> tuple[int, str]:
    """High priority first, then id."""
    return -(promotion.get("priority") or 0), promotion["id"]


def preference(total: int, promotions: list[Json]) -> tuple[Any, ...]:
    """The smaller, the better: greatest total, fewer, greater priorities, smaller ids, the ordering first by rank."""
    return (
        -total,
        len(promotions),
        -sum(promotion.get("priority") or 0 for promotion in promotions),
        sorted(promotion["id"] for promotion in promotions),
        [rank(promotion) for promotion in promotions],
    )


def exclude_each_other(one: Json, other: Json) -> bool:
    """Mutual; by id or by lane."""
    return any(
        other_["id"] in (this.get("excludes") or []) or other_["lane"] in (this.get("excludes") or [])
        for this, other_ in ((one, other), (other, one))
    )


@dataclass
class Run:
    """One set of promotions through all the lanes."""

    cart: Cart
    policy: Json
    state: State
    applied: list[tuple[Json, Attempt]] = field(default_factory=list)
    skipped: dict[str, Skip] = field(default_factory=dict)

    @property
    def discount(self) -> int:
        """All money off, shipping's included."""
        return sum(attempt.amount for _, attempt in self.applied)

    def apply(self, promotion: Json, attempt: Attempt) -> None:
        """Let the promotion stand."""
        self.applied.append((promotion, attempt))
        self.state = attempt.state

    def is_excluded(self, promotion: Json) -> bool:
        """Whether something applied and this one must not go together."""
        return any(exclude_each_other(promotion, other) for other, _ in self.applied)

    def all_lanes(self, promotions: list[Json]) -> None:
        """Gates that ask for no amounts, then the lanes in the policy's order."""
        listed = [lane["lane"] for lane in self.policy["lanes"]]
        waiting = []
        for promotion in promotions:
            if not is_open(promotion.get("schedule") or {}, self.cart.now):
                self.skipped[promotion["id"]] = ("SCHEDULE", None)
            elif promotion.get("coupon") and not codes_in(promotion, self.cart.facts):
                self.skipped[promotion["id"]] = ("NO_COUPON", None)
            elif is_used_up(promotion, self.cart):
                self.skipped[promotion["id"]] = ("LIMIT", None)
            elif promotion["lane"] not in listed:
                self.skipped[promotion["id"]] = ("EXCLUDED", None)
            else:
                waiting.append(promotion)
        for lane in self.policy["lanes"]:
            self.lane(lane, sorted((p for p in waiting if p["lane"] == lane["lane"]), key=rank))

    def lane(self, lane: Json, promotions: list[Json]) -> None:
        """One lane; `promotions` by rank."""
        self.state = self.state.with_all_free()
        mode, most = lane["mode"], lane.get("max")
        consumes = lane["lane"] in ("price", "item") and mode != "stack"
        turn = Turn(self.cart, lane["lane"], consumes, self.policy.get("floor_margin_bp"))
        met = []
        for promotion in promotions:
            when = promotion.get("when")
            if not holds(when, self.cart, self.state):
                self.skipped[promotion["id"]] = ("NOT_MET", gap(when, self.cart, self.state))
            elif self.is_excluded(promotion):
                self.skipped[promotion["id"]] = ("EXCLUDED", None)
            else:
                met.append(promotion)
        money = [promotion for promotion in met if is_money(promotion)]
        if mode == "best":
            self._best(turn, money, most)
        else:
            self._in_turn(turn, money, most, stack=mode == "stack")
        for promotion in met:
            if not is_money(promotion):
                attempt = turn.run(promotion, self.state)
                if self.is_excluded(promotion):
                    self.skipped[promotion["id"]] = ("EXCLUDED", None)
                elif attempt.effective:
                    self.apply(promotion, attempt)
                else:
                    self.skipped[promotion["id"]] = reason(promotion, attempt)

    def _best(self, turn: Turn, promotions: list[Json], most: int | None) -> None:
        start = self.state
        _, chosen = min(
            ((preference(total, ordering), ordering) for total, ordering in orderings(turn, promotions, start, most)),
            key=lambda found: found[0],
        )
        for promotion in chosen:
            attempt = turn.run(promotion, self.state)
            if attempt.effective:
                self.apply(promotion, attempt)
            else:
                self.skipped[promotion["id"]] = ("CAP", None)
        for promotion in promotions:
            if promotion in chosen:
                continue
            if self.is_excluded(promotion):
                self.skipped[promotion["id"]] = ("EXCLUDED", None)
            else:
                self.skipped[promotion["id"]] = reason(promotion, turn.run(promotion, start))

    def _in_turn(self, turn: Turn, promotions: list[Json], most: int | None, *, stack: bool) -> None:
        start, before = self.state, len(self.applied)
        for promotion in promotions:
            full = most is not None and len(self.applied) - before >= most
            attempt = turn.run(promotion, self.state)
            if self.is_excluded(promotion):
                self.skipped[promotion["id"]] = ("EXCLUDED", None)
            elif attempt.effective and not full:
                self.apply(promotion, attempt)
            elif stack:
                self.skipped[promotion["id"]] = reason(promotion, attempt)
            elif not full and turn.run(promotion, self.state.without_cap()).effective:
                self.skipped[promotion["id"]] = ("CAP", None)
            else:
                self.skipped[promotion["id"]] = reason(promotion, turn.run(promotion, start))


def orderings(turn: Turn, promotions: list[Json], start: State, most: int | None) -> Iterator[tuple[int, list[Json]]]:
    """Every ordering of every subset in which each has an effect, with its total before the cap.

    One without effect leaves everything as it was, so its ordering is a longer name for another one.
    """

    apart = [[exclude_each_other(one, other) for other in promotions] for one in promotions]

    @cache  # two that do not meddle with each other lead to one state, whichever goes first
    def attempt_at(place: int, state: State) -> Attempt:
        return turn.run(promotions[place], state)

    def extend(state: State, total: int, places: list[int]) -> Iterator[tuple[int, list[Json]]]:
        yield total, [promotions[place] for place in places]
        if most is not None and len(places) >= most:
            return
        for place in range(len(promotions)):
            if place in places or any(apart[place][other] for other in places):
                continue
            attempt = attempt_at(place, state)
            if attempt.effective:
                yield from extend(attempt.state, total + attempt.amount, [*places, place])

    return extend(start.without_cap(), 0, [])


def reason(promotion: Json, attempt: Attempt) -> Skip:
    """Why a promotion tried alone is not applied."""
    if attempt.effective:
        return "OUTBID", None
    if attempt.cut["FLOOR"]:
        return "FLOOR", None
    if attempt.cut["CAP"]:
        return "CAP", None
    if attempt.missing is not None:
        return "NOT_MET", {"fact": attempt.missing[0], "missing": attempt.missing[1]}
    return ("NO_EFFECT" if attempt.possible else "NO_UNITS"), None


def _price(cart: Cart, policy: Json, promotions: list[Json]) -> Run:
    cap = policy.get("max_total_discount_bp")
    subtotal = sum(unit.initial for unit in cart.units)
    run = Run(cart, policy, cart.start(None if cap is None else subtotal * cap // 10_000))
    run.all_lanes(promotions)
    return run


def quote(facts: Json, promotions: list[Json], policy: Json | None = None) -> Json:
    """The quote of the specification, every promotion explained."""
    cart, policy = Cart(facts), DEFAULT_POLICY | (policy or {})
    together = _price(cart, policy, [promotion for promotion in promotions if not promotion.get("exclusive")])
    alone = {p["id"]: (p, _price(cart, policy, [p])) for p in promotions if p.get("exclusive")}
    candidates = [(promotion, run) for promotion, run in alone.values() if run.applied]
    winner = together
    if candidates and policy["exclusive"] == "priority":
        winner = min(candidates, key=lambda found: rank(found[0]))[1]
    elif candidates:
        runs = [run for _, run in candidates] + ([together] if together.applied else [])
        winner = min(runs, key=lambda run: preference(run.discount, [promotion for promotion, _ in run.applied]))
    skipped = dict(together.skipped)
    for _, run in alone.values():
        skipped |= run.skipped
    for run in (together, *(run for _, run in alone.values())):
        if run is not winner:
            skipped |= {promotion["id"]: ("OUTBID", None) for promotion, _ in run.applied}
    return _document(facts, winner, skipped)


def _document(facts: Json, run: Run, skipped: dict[str, Skip]) -> Json:
    lines = []
    for line in run.cart.lines:
        finals = [run.state.amounts[unit.index] for unit in run.cart.units if unit.line is line]
        lines.append(
            {
                "id": line["id"],
                "quantity": line["quantity"],
                "initial": line["unit_price"] * line["quantity"],
                "final": sum(finals),
                "units": [{"count": finals.count(x), "final": x} for x in sorted(set(finals), reverse=True)],
                "adjustments": [
                    {"promotion": promotion["id"], "amount": attempt.by_line[line["id"]]}
                    for promotion, attempt in run.applied
                    if attempt.by_line[line["id"]]
                ],
            }
        )
    shipping = run.state.shipping
    return {
        "currency": facts["currency"],
        "subtotal": sum(line["initial"] for line in lines),
        "discount": run.discount,
        "shipping": shipping,
        "total": sum(line["final"] for line in lines) + shipping,
        "lines": lines,
        "shipping_adjustments": [
            {"promotion": promotion["id"], "amount": attempt.shipping}
            for promotion, attempt in run.applied
            if attempt.shipping
        ],
        "gifts": [gift for _, attempt in run.applied for gift in attempt.gifts],
        "effects": [effect for _, attempt in run.applied for effect in attempt.effects],
        "applied": [_applied(facts, promotion, attempt) for promotion, attempt in run.applied],
        "skipped": [
            {"promotion": name, "reason": why} | ({"gap": missing} if missing else {})
            for name, (why, missing) in sorted(skipped.items())
        ],
        "exact": True,
    }


def _applied(facts: Json, promotion: Json, attempt: Attempt) -> Json:
    cut = {name: amount for name, amount in attempt.cut.items() if amount}
    entry = {"promotion": promotion["id"], "amount": attempt.amount, "times": attempt.times, "cut": cut}
    return entry | ({"code": codes_in(promotion, facts)[0]} if promotion.get("coupon") else {})
