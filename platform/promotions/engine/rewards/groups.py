"""Taking groups of units, such as bundles, from runs: equal groups are taken at once, so quantities cost nothing."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from promotions.engine.allocation import share
from promotions.engine.cart import Off, Units

type Picks = list[tuple[int, int]]  # (place of a run, units of it)


class Part(NamedTuple):
    """What a group needs `quantity` units of; `places` are runs of a pool, the first choice first."""

    places: Sequence[int]
    quantity: int


class Group(NamedTuple):
    """`alike` groups that are equal; `picks` has what each part took in one of them."""

    alike: int
    picks: list[Picks]

    def units(self, runs: Sequence[Units]) -> list[Units]:
        """The units of one of them, by line and the dearer first."""
        counts: dict[int, int] = {}
        for picks in self.picks:
            for place, count in picks:
                counts[place] = counts.get(place, 0) + count
        return sorted(
            [(runs[place][0], runs[place][1], count) for place, count in counts.items()],
            key=lambda unit: (unit[0], -unit[1]),
        )


def groups(runs: Sequence[Units], parts: Sequence[Part], most: int | None) -> Iterator[Group]:
    """Fill groups from `runs` one after the other while every part finds its units, `most` groups at the most.

    A group leaves no run that it takes from empty, or it is the only one of its kind; so all that follow while every
    run still has enough for a further one are like it.
    """
    left = [count for _, _, count in runs]
    starts = [0] * len(parts)
    while most is None or most > 0:
        taken: dict[int, int] = {}
        picks = [_fill(part, left, taken, starts, number) for number, part in enumerate(parts)]
        if None in picks:
            return
        count = min(left[place] // of_run for place, of_run in taken.items())
        if most is not None:
            count = min(count, most)
            most -= count
        for place, of_run in taken.items():
            left[place] -= of_run * count
        yield Group(count, [pick for pick in picks if pick is not None])


def _fill(part: Part, left: list[int], taken: dict[int, int], starts: list[int], number: int) -> Picks | None:
    places, wanted = part.places, part.quantity
    start = starts[number]
    while start < len(places) and not left[places[start]]:
        start += 1
    starts[number] = start
    picks: Picks = []
    while wanted:
        if start == len(places):
            return None
        place = places[start]
        served = min(wanted, left[place] - taken.get(place, 0))
        if served:
            picks.append((place, served))
            taken[place] = taken.get(place, 0) + served
            wanted -= served
        start += 1
    return picks


def dearest_first(units: list[Units]) -> list[Units]:
    """By current amount, falling, then by line."""
    return sorted(units, key=lambda unit: (-unit[1], unit[0]))


class Offs:
    """Unit discounts gathered group by group, equal ones of equal units together."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[tuple[int, int, int], int] = {}

    def add(self, line: int, amount: int, count: int, off: int) -> None:
        key = (line, amount, off)
        self._counts[key] = self._counts.get(key, 0) + count

    def add_shared(self, saving: int, units: list[Units], times: int) -> None:
        """`saving` shared over the units of a group, as often as there are such groups."""
        for line, amount, count, off in share(saving, units):
            self.add(line, amount, count * times, off)

    def listed(self) -> list[Off]:
        """Line by line, the dearer first, of equal ones the larger discount first."""
        found = [(line, amount, count, off) for (line, amount, off), count in self._counts.items() if count]
        return sorted(found, key=lambda off: (off[0], -off[1], -off[3]))
