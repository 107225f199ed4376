"""What goes wrong between cart and order. Nothing is changed by any of them.

DomainError
├── CartNotFound     no cart with this id that this caller may open
├── OrderNotFound    no order with this id that this caller may see
├── CartClosed       the cart has become an order
├── CartEmpty        there is nothing to order
├── LinesInvalid     a quantity out of range, a SKU named twice, or a malformed SKU
├── VariantUnknown   no variant on sale has this SKU
├── TooManyLines     the cart would hold more lines than one may
├── TooManyCoupons   more codes than one may present
├── PriceChanged     the price is no longer the one last shown
└── OrderNotPayable  the order is in a state that takes no payment
"""

from kernel.errors import DomainError, InvalidInput, NotFound


class CartNotFound(NotFound):
    """Unknown, or bound to another member."""


class OrderNotFound(NotFound):
    """Unknown, or of another member."""


class CartClosed(InvalidInput):
    """It has become an order."""


class CartEmpty(InvalidInput):
    """No lines."""


class LinesInvalid(InvalidInput):
    """Quantities or SKUs that can never be accepted."""


class VariantUnknown(NotFound):
    """Not on sale here."""


class TooManyLines(DomainError):
    """More lines than a cart may hold."""

    code = "LIMIT_REACHED"


class TooManyCoupons(DomainError):
    """More codes than a cart may hold."""

    code = "LIMIT_REACHED"


class PriceChanged(DomainError):
    """Look at the cart again before ordering."""

    code = "PRICE_CHANGED"


class OrderNotPayable(InvalidInput):
    """Cancelled or refunded."""
