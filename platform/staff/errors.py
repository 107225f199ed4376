"""What goes wrong around people and credentials.

DomainError
├── ShopRefused         a shop cannot be opened as asked; `faults` holds every reason, each with the field it is about
├── LinkUnusable        the sign-in link is unknown, used or older than a minute
├── InvitationUnusable  the invitation is unknown, accepted, taken back or older than a week
├── AlreadyStaff        the e-mail address has an account or an invitation already
├── LastOwner           the shop would be left without an active owner
├── BeyondOwnRole       somebody hands out, or changes, more than the own role may do
├── SecondFactorDemanded  who must have a second factor lifts that demand
├── RoleInUse           people or invitations have the role
├── TooOften            mails to strangers, or new shops, are as many as they may be in a day
└── AccountStays        code tried to delete an account; it can only be closed
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


class InvitationUnusable(DomainError):
    """Unknown, accepted before, taken back, or older than a week; which of them is not told."""

    code = "EXPIRED"

    def __init__(self) -> None:
        super().__init__(
            _("This invitation was used before, taken back, or is older than a week. Ask for another one.")
        )


class AlreadyStaff(InvalidInput):
    """The address is known here; the message says what to do instead."""

    code = "TAKEN"


class LastOwner(DomainError):
    """Refused by the database, whoever asks and at whatever moment."""

    code = "LAST_OWNER"

    def __init__(self) -> None:
        super().__init__(_("A shop keeps at least one owner with an open account. Make somebody else an owner first."))


class BeyondOwnRole(DomainError):
    """Nobody gives others more than they have."""

    code = "BEYOND_OWN_ROLE"

    def __init__(self) -> None:
        super().__init__(_("That role may do more than yours. Ask an owner of the shop."))


class SecondFactorDemanded(DomainError):
    """Whom the shop demands a second factor of does not free people like themselves of it."""

    code = "SECOND_FACTOR_DEMANDED"

    def __init__(self) -> None:
        super().__init__(
            _("Your role may not lift the demand for a second factor here. Ask an owner of the shop."),
            field=["second_factor_required"],
        )


class RoleInUse(DomainError):
    """It can go when nobody has it."""

    code = "ROLE_IN_USE"

    def __init__(self) -> None:
        super().__init__(_("Somebody has this role or is invited with it. Give them another one first."))


class TooOften(DomainError):
    """It can be done later; the message says when."""

    code = "TOO_OFTEN"


class AccountStays(DomainError):
    """Accounts are closed and never deleted: what people did stands in logs and ledgers under their ids."""

    code = "ACCOUNT_STAYS"

    def __init__(self) -> None:
        super().__init__(_("An account is not deleted, for logs name it. Close it: its sessions end at once."))
