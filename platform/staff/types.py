"""What staff's services return."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from staff.permissions import SIGNED_IN
from tenants.models import Shop


@dataclass(frozen=True, slots=True)
class OpenedShop:
    """A new shop, its owner, and the public storefront key that it starts with."""

    shop: Shop
    user_id: UUID
    storefront_key: str


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do, by the name and permissions of the role."""

    role: str
    role_name: str
    permissions: frozenset[str]
    needs_second_factor: bool = False  # the role demands one and there is none yet
    has_second_factor: bool = False
    second_factor_required: bool = False  # by the role
    session_seen_at: datetime | None = None  # when the session was last noted, None where it is not listed

    def may(self, permission: str) -> bool:
        """Tell whether a permission, or SIGNED_IN, is held."""
        return permission == SIGNED_IN or permission in self.permissions


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to write to about the shop."""

    email: str
    language: str
    name: str


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new API key; `secret` is what the client sends and is known only here."""

    id: int
    secret: str


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """An API key as interfaces see it. `public_key` is empty for secret keys."""

    id: int
    name: str
    kind: str
    prefix: str
    public_key: str
    origins: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as interfaces see it; `people` have it, closed accounts included."""

    code: str
    name: str
    description: str
    permissions: frozenset[str]
    is_custom: bool
    second_factor_required: bool
    people: int


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody with an account."""

    id: UUID
    email: str
    name: str
    role: str
    role_name: str
    is_active: bool
    last_login: datetime | None
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation that was neither accepted nor taken back."""

    id: int
    email: str
    role: str
    role_name: str
    invited_by: str
    expires_at: datetime
    is_expired: bool


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation whose link holds `secret`, known only here."""

    id: int
    email: str
    secret: str
