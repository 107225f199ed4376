"""What goes wrong around members.

DomainError
├── InvalidPhone    what was typed is no mobile number of a person
└── MemberNotFound  no member of this shop has this id
"""

from kernel.errors import InvalidInput, NotFound


class InvalidPhone(InvalidInput):
    """Not a mobile number."""


class MemberNotFound(NotFound):
    """Unknown in this shop."""
