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
