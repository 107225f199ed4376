"""Identifiers: time-ordered keys, opaque global ids, codes that people type, and secrets."""

import base64
import binascii
import hashlib
import os
import secrets
import threading
import time
from uuid import UUID

# Crockford's base 32: no I, L, O or U, so that a code read aloud or typed from paper is not mistaken.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V", " ": None, "-": None})

_uuid_lock = threading.Lock()
_last_uuid_stamp = 0


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): 48 bits of milliseconds, a 12-bit fraction of the millisecond, 62 random bits.

    Within one process the values rise strictly, so rows inserted one after another stay next to each other in an index.
    """
    global _last_uuid_stamp  # noqa: PLW0603 - the clock must not step back between two ids of a process
    with _uuid_lock:
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        stamp = max(milliseconds << 12 | rest * 4096 // 1_000_000, _last_uuid_stamp + 1)
        _last_uuid_stamp = stamp
    random_bits = int.from_bytes(os.urandom(8)) >> 2
    return UUID(int=(stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | random_bits)


def to_global_id(type_name: str, key: UUID) -> str:
    """Return the opaque id that the API shows: base64url of `Type:uuid`, without padding."""
    return base64.urlsafe_b64encode(f"{type_name}:{key}".encode()).rstrip(b"=").decode()


def from_global_id(global_id: str, type_name: str) -> UUID | None:
    """Return the key in a global id, or None if it is malformed or of another type: both are unknown ids."""
    split = split_global_id(global_id)
    return split[1] if split and split[0] == type_name else None


def split_global_id(global_id: str) -> tuple[str, UUID] | None:
    """Return `(type name, key)` of a global id, or None if it is malformed."""
    try:
        raw = base64.urlsafe_b64decode(global_id.encode("ascii") + b"=" * (-len(global_id) % 4)).decode("ascii")
        type_name, _, key = raw.partition(":")
        return type_name, UUID(key)
    except (UnicodeError, ValueError, binascii.Error):
        return None


def new_code(length: int = 12) -> str:
    """Return a random code of `length` characters, the last one a check character (see `is_code`).

    Twelve characters carry 55 random bits: one can be guessed neither alone nor among a million others.
    """
    body = "".join(secrets.choice(CODE_ALPHABET) for _ in range(length - 1))
    return body + _check_character(body)


def normalize_code(typed: str) -> str:
    """Return a typed or scanned code in its stored form: upper case, no spaces or hyphens, look-alikes resolved."""
    return typed.strip().upper().translate(_LOOKALIKES)


def is_code(code: str) -> bool:
    """Tell whether a normalized code has a right check character: one wrong or two swapped neighbours are noticed."""
    return len(code) > 1 and set(code) <= set(CODE_ALPHABET) and _check_character(code[:-1]) == code[-1]


def _check_character(body: str) -> str:
    """Luhn's algorithm modulo 32 over the alphabet above."""
    base = len(CODE_ALPHABET)
    total = 0
    for position, character in enumerate(reversed(body)):
        value = CODE_ALPHABET.index(character) * (2 if position % 2 == 0 else 1)
        total += value // base + value % base
    return CODE_ALPHABET[-total % base]


def new_secret() -> str:
    """Return 256 random bits as URL-safe text: bearer tokens, keys, single-use links."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the hex SHA-256 under which a secret of full entropy is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()
