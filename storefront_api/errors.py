"""From errors of every kind to what a client reads. Nothing else in the API words an error.

RequestRefused          the document did not run: an HTTP status other than 200
DomainError             in a mutation: an entry of `userErrors`; in a query: `errors[]` with its code
a conflict              TRY_AGAIN: two transactions got in each other's way, twice; nothing was kept
any other exception     a fault of the server: logged, shown as INTERNAL, the whole request rolled back
"""

import logging
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from graphql import GraphQLError
from kernel.errors import DomainError

from tenants.conflicts import is_conflict

logger = logging.getLogger("storefront_api")


class ErrorCode(Enum):
    """The codes of `userErrors`. A domain error with any other code is INVALID to a storefront."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    EXPIRED = "EXPIRED"
    LIMIT_REACHED = "LIMIT_REACHED"
    PRICE_CHANGED = "PRICE_CHANGED"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    PLAN_LIMIT = "PLAN_LIMIT"
    SHOP_CLOSED = "SHOP_CLOSED"
    UNAUTHENTICATED = "UNAUTHENTICATED"


class RequestRefused(Exception):
    """A request that is answered without running its document. `retry_after` is in seconds."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        retry_after: int | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.extensions = extensions or {}


class NotSignedIn(DomainError):
    """A member's token is needed."""

    code = "UNAUTHENTICATED"


def to_user_error(error: DomainError) -> dict[str, Any]:
    """The entry of `userErrors` for a refused mutation."""
    known = error.code in ErrorCode.__members__
    return {
        "field": list(error.field) or None,
        "code": ErrorCode[error.code] if known else ErrorCode.INVALID,
        "message": error.message,
    }


def to_json(errors: Iterable[GraphQLError]) -> tuple[list[dict[str, Any]], int]:
    """The `errors` of an answer, and the status where nothing of the request may be kept: 500, 503; else 200."""
    shown = [_to_entry(error) for error in errors]
    codes = {entry["extensions"]["code"] for entry in shown}
    return shown, 503 if "TRY_AGAIN" in codes else 500 if "INTERNAL" in codes else 200


def refusal_json(refusal: RequestRefused) -> dict[str, Any]:
    """The answer to a refused request."""
    return {"errors": [{"message": refusal.message, "extensions": {"code": refusal.code, **refusal.extensions}}]}


def _to_entry(error: GraphQLError) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": error.message}
    if error.locations:
        entry["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        entry["path"] = error.path
    original = error.original_error
    if isinstance(original, DomainError):
        user_error = to_user_error(original)
        entry["extensions"] = {"code": user_error["code"].value}
        if user_error["field"]:
            entry["extensions"]["field"] = user_error["field"]
    elif original is None or isinstance(original, GraphQLError):  # found by GraphQL itself, if need be in a value
        entry["extensions"] = {"code": "BAD_USER_INPUT"}
    elif is_conflict(original):
        logger.warning("conflict in %s: %s", error.path, original)
        entry["message"] = _("The shop is busy. Please send the same request again.")
        entry["extensions"] = {"code": "TRY_AGAIN"}
    else:
        logger.error("fault in %s", error.path, exc_info=original)
        entry["message"] = _("Something went wrong on our side. Please try again.")
        entry["extensions"] = {"code": "INTERNAL"}
    return entry
