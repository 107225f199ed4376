"""What goes wrong around people and credentials.

DomainError
├── ShopRefused      a shop cannot be opened as asked; `faults` holds every reason, each with the field it is about
└── LinkUnusable     the sign-in link is unknown, used or older than a minute
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from kernel.errors import DomainError, InvalidInput


class ShopRefused(InvalidInput):
    """Everything that is wrong with what a person gave for a new shop, at once."""

    def __init__(self, faults: Sequence[DomainError]) -> None:
        super().__init__(" ".join(fault.message for fault in faults), field=faults[0].field)
        self.faults = tuple(faults)


class LinkUnusable(DomainError):
    """Unknown, used before, or past its minute; which of them is not told."""

    code = "EXPIRED"

    def __init__(self) -> None:
        super().__init__(_("This link was used before or is too old. Sign in with your e-mail address and password."))
