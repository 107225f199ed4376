"""What stock refuses.

DomainError
├── OutOfStock          less is there than was asked for
├── InvalidInput
│   └── StockOpened     the variant has opening stock there already
└── NotFound
    ├── LocationUnknown
    └── BalanceUnknown  the variant was never stocked there
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from kernel.errors import DomainError, InvalidInput, NotFound


class OutOfStock(DomainError):
    """Nothing was taken. `shortages` maps each variant that is short to the quantity still available."""

    code = "OUT_OF_STOCK"

    def __init__(self, message: str, *, shortages: Mapping[UUID, int], field: Sequence[str] = ()) -> None:
        super().__init__(message, field=field)
        self.shortages = dict(shortages)


class StockOpened(InvalidInput):
    """Opening stock is entered once; later changes are adjustments."""

    code = "STOCK_OPENED"


class LocationUnknown(NotFound):
    """No location has this code."""


class BalanceUnknown(NotFound):
    """The variant was never stocked there."""
