"""What can be wrong with a promotion.

DomainError
├── PromotionInvalid    the engine refuses the document; `faults` says every place and reason
├── PromotionUnknown    no promotion has this id, or no version this number
├── NothingToPublish    the promotion has no draft, and what it has is live
├── NotLive             the promotion has no live version
└── PromotionUsedUp     a limit leaves too little for this order
"""

from collections.abc import Sequence

from kernel.errors import DomainError, InvalidInput, NotFound

from promotions.engine import Fault


class PromotionInvalid(InvalidInput):
    """The engine refuses the document, or the shop cannot keep what it asks for."""

    def __init__(self, message: str, *, field: Sequence[str] = (), faults: Sequence[Fault] = ()) -> None:
        super().__init__(message, field=field)
        self.faults = tuple(faults)


class PromotionUnknown(NotFound):
    """No promotion has this id, or no version of it this number."""


class NothingToPublish(InvalidInput):
    """There is no draft, and the promotion is live already."""


class NotLive(InvalidInput):
    """Nothing of the promotion is live."""


class PromotionUsedUp(DomainError):
    """Others were faster: a limit leaves too little."""

    code = "LIMIT_REACHED"
