"""`expiry_ladder`: the nearer a batch is to its date, the more comes off its units."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Self

from kernel.money import percent_of

from promotions.engine.cart import Cart, Off, Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import Proposal, SelfBounded, Turn
from promotions.engine.scope import Scope, Scopes


@dataclass(frozen=True, slots=True)
class ExpiryLadder(SelfBounded):
    scope: Scope
    steps: tuple[tuple[int, int], ...]  # (most days to expiry, percent_bp), the fewest days first

    type = "expiry_ladder"
    keys = frozenset({"scope", "steps"})
    consumes_untouched = False

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        scope = scopes.parse(reader)
        steps: dict[int, int] = {}
        for path, entry in reader.items("steps", required=True):
            step = Reader(entry, path, reader.faults, ("max_days_to_expiry", "percent_bp"))
            days = step.integer("max_days_to_expiry", 0, required=True)
            if days in steps and step.document.get("max_days_to_expiry") == days:
                step.fault("max_days_to_expiry", "DUPLICATE", "another step begins here")
            steps[days] = step.integer("percent_bp", 1, 10_000, required=True)
        return cls(scope, tuple(sorted(steps.items())))

    def from_units(self, turn: Turn, units: list[Units]) -> Proposal:
        offs: list[Off] = []
        for line, amount, count in units:
            off = percent_of(amount, self._percent_bp(turn.cart, line))
            if off:
                offs.append((line, amount, count, off))
        return Proposal(offs)

    def _percent_bp(self, cart: Cart, line: int) -> int:
        expires_on = cart.lines[line].expires_on
        if expires_on is not None:
            days = (expires_on - cart.now.date()).days
            place = bisect_left(self.steps, days, key=_days)
            if place < len(self.steps):
                return self.steps[place][1]
        return 0


def _days(step: tuple[int, int]) -> int:
    return step[0]
