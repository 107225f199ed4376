"""`buy_get`: for so many units bought, so many others at a discount."""

from dataclasses import dataclass
from typing import Self

from kernel.money import percent_of

from promotions.engine.cart import Cart, Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, Reward, Turn, narrowest, reachable
from promotions.engine.rewards.groups import Group, Offs, Part, dearest_first, groups
from promotions.engine.scope import Scope, Scopes


@dataclass(frozen=True, slots=True)
class BuyGet(Reward):
    buy: Scope
    buy_quantity: int
    get: Scope
    get_quantity: int
    percent_bp: int
    max_times: int | None

    type = "buy_get"
    keys = frozenset({"buy", "get", "max_times"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        buy = reader.part("buy", ("scope", "quantity"))
        get = reader.part("get", ("scope", "quantity", "percent_bp"))
        return cls(
            scopes.parse(buy),
            buy.integer("quantity", 1, required=True),
            scopes.parse(get),
            get.integer("quantity", 1, required=True),
            get.integer("percent_bp", 1, 10_000, required=True),
            reader.optional_integer("max_times", 1),
        )

    @property
    def looks(self) -> int:
        return 3

    def scopes(self) -> tuple[Scope, ...]:
        return (narrowest([self.buy, self.get]),)

    def mask(self, cart: Cart) -> int:
        buy, get = cart.mask(self.buy), cart.mask(self.get)
        return buy | get if buy and get else 0

    def propose(self, turn: Turn) -> Proposal:
        runs, found = self._groups(turn)
        if not found:
            return NOTHING
        offs = Offs()
        for group in found:
            bought, gotten = group.picks
            for place, count in bought:
                offs.add(runs[place][0], runs[place][1], count * group.alike, 0)
            for place, count in gotten:
                line, amount, _ = runs[place]
                offs.add(line, amount, count * group.alike, percent_of(amount, self.percent_bp))
        return Proposal(offs.listed(), sum([group.alike for group in found]))

    def bound(self, turn: Turn) -> int:
        get = dearest_first(reachable(turn, self.get))
        if self.buy is self.get:
            # Then nothing bought is cheaper than what is got: at best every group of both has its own last units.
            part = Part(range(len(get)), self.buy_quantity + self.get_quantity)
            return sum(
                [group.alike * self._last_off(get, group) for group in groups(get, [part], turn.held(self.max_times))]
            )
        buy = reachable(turn, self.buy)
        lines = {line for line, _, _ in [*buy, *get]}
        both = sum([count for line in lines for _, count in turn.state.lines[line].free])
        times = min(
            sum([count for _, _, count in buy]) // self.buy_quantity,
            sum([count for _, _, count in get]) // self.get_quantity,
            both // (self.buy_quantity + self.get_quantity),
        )
        left, most = turn.most(times, self.max_times) * self.get_quantity, 0
        for _, amount, count in get:
            most += percent_of(amount, self.percent_bp) * min(left, count)
            left -= min(left, count)
        return most

    def has_units(self, turn: Turn) -> bool:
        return bool(self._groups(turn)[1])

    def _last_off(self, runs: list[Units], group: Group) -> int:
        left, off = self.get_quantity, 0
        for place, count in reversed(group.picks[0]):
            off += percent_of(runs[place][1], self.percent_bp) * min(left, count)
            left -= min(left, count)
        return off

    def _groups(self, turn: Turn) -> tuple[list[Units], list[Group]]:
        can_buy, can_get = set(turn.units(self.buy)), set(turn.units(self.get))
        runs = dearest_first(list(can_buy | can_get))
        outside = [place for place, run in enumerate(runs) if run not in can_get]
        both = [place for place, run in enumerate(runs) if run in can_buy and run in can_get]
        get = [place for place in reversed(range(len(runs))) if runs[place] in can_get]
        parts = [Part([*outside, *both], self.buy_quantity), Part(get, self.get_quantity)]
        return runs, list(groups(runs, parts, turn.held(self.max_times)))
