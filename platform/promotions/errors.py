"""What can be wrong with a promotion.

DomainError
├── PromotionInvalid    the engine refuses the document; `faults` says every place and reason
└── PromotionUnknown    no promotion has this id
"""

from collections.abc import Sequence

from kernel.errors import InvalidInput, NotFound

from promotions.engine import Fault


class PromotionInvalid(InvalidInput):
    """The engine refuses the document, or the shop cannot keep what it asks for."""

    def __init__(self, message: str, *, field: Sequence[str] = (), faults: Sequence[Fault] = ()) -> None:
        super().__init__(message, field=field)
        self.faults = tuple(faults)


class PromotionUnknown(NotFound):
    """No promotion has this id."""
