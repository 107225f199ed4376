"""What an authenticator app shows, from the key that a person typed into it."""

import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

PERIOD = 30  # seconds


def code_of(secret: str, *, later: int = 0) -> str:
    """The six digits of now, or of so many periods later: a code works once."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD + later)))
