"""The root of every error that a person can cause and mend.

An app's `errors.py` derives from `DomainError`; each interface has one mapper from these to its own form
(GraphQL `userErrors`, a message on a form, an exit code of a command).
"""

from collections.abc import Sequence
from typing import ClassVar


class DomainError(Exception):
    """A request that was understood and refused; nothing was changed by it.

    `code` is stable and UPPER_SNAKE, for programs. `message` says, in the reader's language, what is wrong and what to
    do. `field` is the path of the input at fault, outermost name first, or empty.
    """

    code: ClassVar[str] = "INVALID"

    def __init__(self, message: str, *, field: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.field = tuple(field)


class InvalidInput(DomainError):
    """A value that can never be accepted as given."""

    code = "INVALID"


class NotFound(DomainError):
    """What the caller named does not exist for this caller."""

    code = "NOT_FOUND"
