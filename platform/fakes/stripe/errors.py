"""Errors in Stripe's form."""

from typing import Any


class StripeFault(Exception):
    """An answer of 4xx: `{"error": {"type", "code", "message", "param"}}`."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"type": kind, "code": code, "message": message, "param": param, "decline_code": decline_code}
        self.document: dict[str, Any] = {"error": {name: value for name, value in error.items() if value is not None}}


def missing(noun: str, identifier: str, *, param: str = "id") -> StripeFault:
    """There is no such object: 404 where it is the address's own, 400 where a parameter names it."""
    return StripeFault(
        f"No such {noun}: '{identifier}'",
        status=404 if param == "id" else 400,
        code="resource_missing",
        param=param,
    )


def declined(decline_code: str = "generic_decline", *, code: str = "card_declined") -> StripeFault:
    """The card was refused."""
    return StripeFault("Your card was declined.", status=402, kind="card_error", code=code, decline_code=decline_code)
