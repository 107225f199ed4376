"""How allauth keeps second factors: secrets are encrypted, codes bear the shop's name and are used once."""

import base64
import hashlib
from typing import cast
from uuid import UUID

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.encoding import force_bytes

from staff.models import User
from tenants.transaction import find_current_shop


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Set as MFA_ADAPTER."""

    def get_totp_issuer(self) -> str:
        """What the app on the phone shows beside the address."""
        shop = find_current_shop()
        return shop.name if shop else "Laxin"

    def encrypt(self, text: str) -> str:
        """Who reads the database, a dump or an archive alone cannot make codes."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What another installation's key encrypted (a restored archive) matches no code: somebody else removes it."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return str(generate_totp_secret())


def used_second_factor(request: HttpRequest) -> bool:
    """Tell whether somebody gave a code in this session, at the sign-in, at the set-up or later on."""
    records = get_authentication_records(request, cast(User, request.user))
    return any(record.get("method") == "mfa" for record in records)


def was_code_used(*, user_id: UUID, code: str) -> bool:
    """Tell whether a code of the app has signed somebody in before and could still be valid."""
    return cache.get(_used_key(user_id, code)) is not None


def note_code_used(*, user_id: UUID, code: str) -> None:
    """Remember a code for as long as it could be valid: allauth does for one period, and takes three periods' codes."""
    periods = 2 * app_settings.TOTP_TOLERANCE + 1
    cache.set(_used_key(user_id, code), 1, timeout=periods * app_settings.TOTP_PERIOD)


def _used_key(user_id: UUID, code: str) -> str:
    return f"staff.code_used:{user_id}:{normalize_user_code(code)}"


def _cipher() -> MultiFernet:
    """The present key writes; former ones, while they are listed in SECRET_KEY_FALLBACKS, still read."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str | bytes) -> bytes:
    """32 bytes for this purpose alone, as Fernet wants them."""
    digest = hashlib.blake2b(force_bytes(key), digest_size=32, person=b"laxin-2nd-factor").digest()
    return base64.urlsafe_b64encode(digest)
