"""A slow pricing by the letter of the rules: single units, every ordering of every subset, no code of the engine.

It knows the rewards, conditions and scopes that `carts.py` makes, and answers with the few things worth comparing.
"""

import copy
import itertools
from fractions import Fraction
from math import floor
from typing import Any

Unit = dict[str, Any]
Doc = dict[str, Any]


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def split(total: int, units: list[Unit], weights: list[int]) -> list[int]:
    """Shares of `total` by floor and largest remainder; ties by line id, dearer unit, larger weight."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(units)
    exact = [Fraction(total * weight, whole) for weight in weights]
    shares = [floor(value) for value in exact]
    order = sorted(
        range(len(units)),
        key=lambda i: (shares[i] - exact[i], units[i]["line"], -units[i]["amount"], -weights[i]),
    )
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


class Oracle:
    def __init__(self, facts: Doc, promotions: list[Doc], policy: Doc) -> None:
        self.facts = facts
        self.promotions = promotions
        self.policy = policy
        self.lines = {line["id"]: line for line in facts["lines"]}

    def price(self) -> Doc:
        live = [p for p in self.promotions if self.admitted(p)]
        sets = [[p for p in live if not p.get("exclusive")]]
        results = [self.run(sets[0])]
        alone = [self.run([p]) for p in live if p.get("exclusive")]
        alone = [result for result in alone if result["applied"]]
        if self.policy.get("exclusive") == "priority" and alone:
            results = [min(alone, key=lambda r: (-r["applied"][0][0].get("priority", 0), r["applied"][0][0]["id"]))]
        else:
            results += alone
        best = min(results, key=self.standing)
        finals: dict[str, list[int]] = {key: [] for key in self.lines}
        for unit in best["units"]:
            finals[unit["line"]].append(unit["amount"])
        return {
            "finals": {key: sorted(amounts, reverse=True) for key, amounts in finals.items()},
            "applied": [(p["id"], amount) for p, amount in best["applied"]],
            "cut": {p["id"]: best["cuts"][p["id"]] for p, _ in best["applied"]},
        }

    @staticmethod
    def standing(result: Doc) -> tuple[Any, ...]:
        applied = [p for p, _ in result["applied"]]
        return (
            -sum(amount for _, amount in result["applied"]),
            not applied,
            len(applied),
            -sum(p.get("priority", 0) for p in applied),
            sorted(p["id"] for p in applied),
        )

    def admitted(self, p: Doc) -> bool:
        codes = (p.get("coupon") or {}).get("codes")
        if codes and not set(codes) & set(self.facts.get("coupons", [])):
            return False
        limits, usage = p.get("limits") or {}, self.facts.get("usage", {}).get(p["id"], {})
        if limits.get("total") is not None and usage.get("total", 0) >= limits["total"]:
            return False
        if limits.get("discount_total") is not None and usage.get("discount", 0) >= limits["discount_total"]:
            return False
        return p["lane"] in [lane["lane"] for lane in self.policy["lanes"]]

    def run(self, promotions: list[Doc]) -> Doc:
        units: list[Unit] = [
            {"line": line["id"], "first": line["unit_price"], "amount": line["unit_price"], "free": True}
            for line in self.facts["lines"]
            for _ in range(line["quantity"])
        ]
        cap = self.policy.get("max_total_discount_bp")
        self.cap = None if cap is None else sum(unit["first"] for unit in units) * cap // 10_000
        applied: list[tuple[Doc, int]] = []
        cuts: dict[str, Doc] = {}
        for lane in self.policy["lanes"]:
            for unit in units:
                unit["free"] = True
            start = copy.deepcopy(units)
            ready = [
                p
                for p in promotions
                if p["lane"] == lane["lane"]
                and self.holds(p.get("when"), start)
                and not any(self.exclude(p, other) for other, _ in applied)
            ]
            ready.sort(key=lambda p: (-p.get("priority", 0), p["id"]))
            for p in self.best(ready, units, lane) if lane["mode"] == "best" else ready:
                if lane["mode"] != "best" and (
                    any(self.exclude(p, other) for other, _ in applied)
                    or sum(other["lane"] == lane["lane"] for other, _ in applied) == lane.get("max")
                ):
                    continue
                after, amount, cut = self.apply(p, units, lane, self.cap)
                if amount:
                    units = after
                    applied.append((p, amount))
                    cuts[p["id"]] = cut
                    if self.cap is not None:
                        self.cap -= amount
        return {"units": units, "applied": applied, "cuts": cuts}

    def best(self, ready: list[Doc], units: list[Unit], lane: Doc) -> list[Doc]:
        best: list[Doc] = []
        best_key: tuple[Any, ...] = (0, 0, 0, [], [])
        most = len(ready) if lane.get("max") is None else lane["max"]
        for size in range(1, min(len(ready), most) + 1):
            for ordering in itertools.permutations(range(len(ready)), size):
                chosen = [ready[i] for i in ordering]
                if any(self.exclude(one, other) for one, other in itertools.combinations(chosen, 2)):
                    continue
                current, total = units, 0
                for p in chosen:
                    current, amount, _ = self.apply(p, current, lane, None)
                    if not amount:
                        break
                    total += amount
                else:
                    key = (
                        -total,
                        size,
                        -sum(p.get("priority", 0) for p in chosen),
                        sorted(p["id"] for p in chosen),
                        list(ordering),
                    )
                    if key < best_key:
                        best, best_key = chosen, key
        return best

    @staticmethod
    def exclude(one: Doc, other: Doc) -> bool:
        return any(
            b["id"] in a.get("excludes", []) or b["lane"] in a.get("excludes", [])
            for a, b in ((one, other), (other, one))
        )

    def apply(self, p: Doc, units: list[Unit], lane: Doc, cap: int | None) -> tuple[list[Unit], int, Doc]:
        units = copy.deepcopy(units)
        consumes = lane["lane"] in ("price", "item") and lane["mode"] != "stack"
        limits, usage = p.get("limits") or {}, self.facts.get("usage", {}).get(p["id"], {})
        bounds = []
        if limits.get("discount_per_order") is not None:
            bounds.append(limits["discount_per_order"])
        if limits.get("discount_total") is not None:
            bounds.append(limits["discount_total"] - usage.get("discount", 0))
        given = 0
        cut: Doc = {}
        for reward in p["then"]:
            taken, offs = self.reward(reward, units, lane["lane"] == "price", limits.get("times_per_order"))
            offs = self.floored(p, units, taken, offs, cut)
            if bounds:
                offs = self.cut_to(min(bounds) - given, taken, offs, "LIMIT", cut)
            if cap is not None:
                offs = self.cut_to(cap - given, taken, offs, "CAP", cut)
            for unit, off in zip(taken, offs, strict=True):
                unit["amount"] -= off
                if consumes and (off or not (reward["type"] == "amount_off" and reward.get("per") == "unit")):
                    unit["free"] = False
            given += sum(offs)
        return units, given, cut

    @staticmethod
    def cut_to(left: int, taken: list[Unit], offs: list[int], reason: str, cut: Doc) -> list[int]:
        if sum(offs) <= left:
            return offs
        cut[reason] = cut.get(reason, 0) + sum(offs) - left
        return split(left, taken, offs)

    def floored(self, p: Doc, units: list[Unit], taken: list[Unit], offs: list[int], cut: Doc) -> list[int]:
        margins = [bp for bp in (p.get("floor_margin_bp"), self.policy.get("floor_margin_bp")) if bp is not None]
        if not margins:
            return offs
        offs = list(offs)
        for line in self.lines.values():
            wanted = Fraction((line.get("unit_cost") or 0) * line["quantity"] * (10_000 + max(margins)), 10_000)
            least = -floor(-wanted)
            room = max(0, sum(unit["amount"] for unit in units if unit["line"] == line["id"]) - least)
            places = [i for i, unit in enumerate(taken) if unit["line"] == line["id"]]
            kept = self.cut_to(room, [taken[i] for i in places], [offs[i] for i in places], "FLOOR", cut)
            for i, off in zip(places, kept, strict=True):
                offs[i] = off
        return offs

    def reward(
        self, r: Doc, units: list[Unit], per_unit: bool, times_per_order: int | None
    ) -> tuple[list[Unit], list[int]]:
        pool = [unit for unit in units if unit["free"] and self.in_scope(unit, r.get("scope", {}))]
        if r.get("max_units"):
            pool = [unit for unit in pool if unit["amount"] > 0]
            pool.sort(key=lambda unit: (-unit["amount"], unit["line"]))
            pool = pool[-r["max_units"] :] if r.get("pick") == "cheapest" else pool[: r["max_units"]]
        if r["type"] == "percent_off":
            offs = self.percent(pool, r["percent_bp"], per_unit, r.get("basis") == "initial", r.get("max_amount"))
        elif r["type"] == "amount_off" and r.get("per") == "unit":
            offs = [min(unit["amount"], r["amount"]) for unit in pool]
        elif r["type"] == "amount_off":
            subtotal = sum(unit["amount"] for unit in pool)
            times = 1
            if r.get("every"):
                times = min([subtotal // r["every"], *filter(None, (r.get("max_times"), times_per_order))])
            if not times:
                return [], []
            offs = split(min(times * r["amount"], subtotal), pool, [unit["amount"] for unit in pool])
        else:
            return self.tiers(r, pool, per_unit, times_per_order)
        return pool, offs

    @staticmethod
    def percent(pool: list[Unit], bp: int, per_unit: bool, initial: bool, most: int | None) -> list[int]:
        basis = [unit["first"] if initial else unit["amount"] for unit in pool]
        offs = [half_up(Fraction(amount * bp, 10_000)) for amount in basis]
        if not per_unit or (most is not None and sum(offs) > most):
            total = sum(offs) if per_unit else half_up(Fraction(sum(basis) * bp, 10_000))
            offs = split(total if most is None else min(total, most), pool, basis)
        return [min(off, unit["amount"]) for unit, off in zip(pool, offs, strict=True)]

    def tiers(self, r: Doc, pool: list[Unit], per_unit: bool, times: int | None) -> tuple[list[Unit], list[int]]:
        groups: dict[Any, list[Unit]] = {}
        for unit in pool:
            line = self.lines[unit["line"]]
            by_sku = ("sku", line["sku"])
            key = {
                "scope": 0,
                "sku": by_sku,
                "product": ("product", line["product"]) if line.get("product") else by_sku,
            }[r.get("group_by", "scope")]
            groups.setdefault(key, []).append(unit)
        reached = []
        for group in groups.values():
            measure = len(group) if r["measure"] == "quantity" else sum(unit["amount"] for unit in group)
            steps = [step for step in r["steps"] if step["at"] <= measure]
            if steps:
                reached.append((group, max(steps, key=lambda step: step["at"])))
        reached.sort(key=lambda pair: min((-unit["amount"], unit["line"]) for unit in pair[0]))
        taken: list[Unit] = []
        offs: list[int] = []
        for group, step in reached[:times]:
            taken += group
            if "percent_bp" in step:
                offs += self.percent(group, step["percent_bp"], per_unit, False, None)
            else:
                amounts = [unit["amount"] for unit in group]
                offs += split(min(step["amount_off"], sum(amounts)), group, amounts)
        return taken, offs

    def in_scope(self, unit: Unit, scope: Doc) -> bool:
        def matches(key: str, value: Any) -> bool:
            line = self.lines[unit["line"]]
            if key == "skus":
                return line["sku"] in value
            if key == "categories":
                return bool(set(value) & set(line.get("categories", [])))
            if key == "min_unit_price":
                return bool(line["unit_price"] >= value)
            assert key == "undiscounted"
            return bool(unit["amount"] == unit["first"])

        inside = all(matches(key, value) for key, value in scope.items() if key != "exclude")
        return inside and not any(matches(key, value) for key, value in scope.get("exclude", {}).items())

    def holds(self, when: Doc | None, units: list[Unit]) -> bool:
        if when is None:
            return True
        if "all" in when:
            return all(self.holds(part, units) for part in when["all"])
        if "any" in when:
            return any(self.holds(part, units) for part in when["any"])
        if "not" in when:
            return not self.holds(when["not"], units)
        pool = [unit for unit in units if self.in_scope(unit, when.get("scope", {}))]
        if when["fact"] == "quantity":
            value = len(pool)
        elif when["fact"] == "distinct_skus":
            value = len({self.lines[unit["line"]]["sku"] for unit in pool})
        else:
            assert when["fact"] == "subtotal"
            value = sum(unit["first" if when.get("basis") == "initial" else "amount"] for unit in pool)
        held: bool = {
            "gte": value >= when["value"],
            "gt": value > when["value"],
            "lte": value <= when["value"],
            "lt": value < when["value"],
            "eq": value == when["value"],
        }[when["op"]]
        return held
