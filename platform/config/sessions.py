"""Sessions in the database, as Django keeps them, whose keys are looked up only where they can be keys."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    """A cookie's value may hold anything, also what the database cannot read: a NUL, written as `\\000`.

    The name stays: what sessions hold is signed with it.
    """

    def _validate_session_key(self, key: str | None) -> bool:
        valid = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(key and valid and key.isascii() and key.isalnum())
