"""What goes wrong around joining.

DomainError
├── LinkNotFound  no join link of this shop has this code
├── LinkClosed    the link is closed, not open yet, or over
├── CodeTaken     another link has this code
├── ShopFull      the shop's plan holds no more members
├── JoinsTooOften too many come from one network at once
└── (members.errors.InvalidPhone, tenants.errors.ShopClosed)
"""

from kernel.errors import DomainError, InvalidInput, NotFound


class LinkNotFound(NotFound):
    """Unknown in this shop."""


class LinkClosed(DomainError):
    """Nobody can join by it now."""

    code = "EXPIRED"


class CodeTaken(InvalidInput):
    """The code belongs to another link."""


class ShopFull(DomainError):
    """No new members for now; who is one gets in as ever."""

    code = "PLAN_LIMIT"


class JoinsTooOften(DomainError):
    """It can be done later: `retry_after` is in seconds."""

    code = "TOO_OFTEN"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
