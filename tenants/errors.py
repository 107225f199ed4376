"""What goes wrong around shops.

DomainError
├── SlugInvalid        the slug is too short or long, or has other characters than a-z, 0-9 and -
├── SlugReserved       the slug is kept for the platform
├── SlugTaken          another shop has it
├── EmailInvalid       the owner's address is no e-mail address
├── PasswordWeak       the owner's password is refused; the message says why
├── DomainTaken        another shop has proven that the domain is its own
├── DomainUnproven     the DNS record that proves a domain is not there
├── ShopUnknown        no shop has this slug or schema (deleted, or never there)
├── ShopClosed         the shop's access state forbids what was asked
├── PlanLimitReached   the shop's plan allows no more of a resource; what there is stays usable
├── FeatureMissing     the shop's plan does not contain the feature
└── ArchiveRefused     the file is no archive of a shop that can be restored here; the message says why
TenancyError           a programming error: a shop's table was asked for outside its tenant transaction
"""

from kernel.errors import DomainError, InvalidInput, NotFound


class TenancyError(RuntimeError):
    """A shop's data was asked for outside its tenant transaction; the code is wrong, not the input."""


class SlugInvalid(InvalidInput):
    """Length or characters."""

    code = "SLUG_INVALID"


class SlugReserved(InvalidInput):
    """Kept for the platform."""

    code = "SLUG_RESERVED"


class SlugTaken(InvalidInput):
    """Another shop has it."""

    code = "SLUG_TAKEN"


class EmailInvalid(InvalidInput):
    """Not an e-mail address."""

    code = "EMAIL_INVALID"


class PasswordWeak(InvalidInput):
    """Refused by the password rules."""

    code = "PASSWORD_WEAK"


class DomainTaken(InvalidInput):
    """Another shop has it."""

    code = "DOMAIN_TAKEN"


class DomainUnproven(InvalidInput):
    """Its DNS record is not there."""

    code = "DOMAIN_UNPROVEN"


class ShopUnknown(NotFound):
    """Deleted, or never there."""

    code = "SHOP_UNKNOWN"


class ArchiveRefused(DomainError):
    """Damaged, of another version, or not in itself consistent."""

    code = "ARCHIVE_REFUSED"


class ShopClosed(DomainError):
    """The access state forbids it."""

    code = "SHOP_CLOSED"


class PlanLimitReached(DomainError):
    """The plan allows no more of `resource`; `used` counts what there would have been."""

    code = "PLAN_LIMIT"

    def __init__(self, message: str, *, resource: str, used: int, allowed: int) -> None:
        super().__init__(message)
        self.resource = resource
        self.used = used
        self.allowed = allowed


class FeatureMissing(DomainError):
    """The plan does not contain `feature`."""

    code = "PLAN_FEATURE"

    def __init__(self, message: str, *, feature: str) -> None:
        super().__init__(message)
        self.feature = feature
