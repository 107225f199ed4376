"""How much of the data is loaded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """None is no limit. `products`: the best-selling ones; `weeks`: the last; `households`: those of lowest number."""

    name: str
    products: int | None = None
    weeks: int | None = None
    households: int | None = None


SMALL = Size("small", products=3_000, weeks=8)
FULL = Size("full")
SIZES = {size.name: size for size in (SMALL, FULL)}
