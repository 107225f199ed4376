"""How much the searches of one quote may cost. Counted, never timed: the same input gives the same quote everywhere."""

LIMIT = 26_000  # in units looked at; about 50 ms of a slow processor
RESERVE = 10_000  # what improving a good ordering may add when the limit is reached
EACH = 6  # what trying or bounding a promotion costs besides the units it looks at


class Work:
    """What the searches for the best orderings have cost so far, all lanes of a quote together."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = 0

    def add(self, units: int) -> None:
        """One promotion tried or bounded on so many runs of units."""
        self.done += EACH + units

    def is_used_up(self, *, reserve: bool = False) -> bool:
        """Whether nothing is left, or with `reserve` nothing of the reserve either."""
        return self.done >= (LIMIT + RESERVE if reserve else LIMIT)
