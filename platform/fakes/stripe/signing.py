"""The signature of webhooks: `Stripe-Signature: t=…,v1=…[,v1=…]`."""

import hashlib
import hmac
from collections.abc import Sequence


def sign(payload: bytes, secrets: Sequence[str], *, timestamp: int) -> str:
    """The header of `payload`, one `v1` for each secret: while a secret is rolled Stripe signs with both."""
    signed = f"{timestamp}.".encode() + payload
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={mark}" for mark in marks)])
