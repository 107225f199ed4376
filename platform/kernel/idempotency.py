"""Any retry has one effect and the same answer.

The key is written by the transaction that does the work, so the two stand or fall together: a call that is refused
or crashes leaves no key, and a second call that arrives while the first still runs waits for it on the unique index.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from kernel.errors import DomainError, InvalidInput
from kernel.models import IdempotencyKey

LIFETIME = timedelta(hours=24)
MAX_LENGTH = 64


class IdempotencyMismatch(DomainError):
    """The key was used before for another request."""

    code = "IDEMPOTENCY_MISMATCH"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`answer` is what the work returned (JSON); `replayed` tells that it was done by an earlier call."""

    answer: dict[str, Any]
    replayed: bool


def run_once(
    *,
    mutation: str,
    caller: str,
    key: str,
    body: Mapping[str, Any],
    now: datetime,
    work: Callable[[], dict[str, Any]],
) -> Outcome:
    """Do `work` once for a caller's key and return its answer, or the answer that it gave before.

    `work` returns a JSON object that is enough to render the answer again (ids, not secrets). Must run inside the
    transaction of the work; the caller rolls it back when `work` raises. A key is kept for 24 hours. Two statements.

    Raises `InvalidInput` for a key that is not 1 to 64 characters, `IdempotencyMismatch` for another body under it.
    """
    if not 1 <= len(key) <= MAX_LENGTH:
        raise InvalidInput(_("Give an idempotency key of 1 to 64 characters."), field=["idempotencyKey"])
    body_hash = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO kernel_idempotencykey AS held (mutation, caller, key, body_hash, created_at)
            VALUES (%(mutation)s, %(caller)s, %(key)s, %(body_hash)s, %(now)s)
            ON CONFLICT (mutation, caller, key) DO UPDATE
               SET body_hash = excluded.body_hash, answer = NULL, created_at = excluded.created_at
             WHERE held.created_at <= %(oldest)s
            RETURNING id
            """,
            {
                "mutation": mutation,
                "caller": caller,
                "key": key,
                "body_hash": body_hash,
                "now": now,
                "oldest": now - LIFETIME,
            },
        )
        claimed = cursor.fetchone()
    if claimed:
        answer = work()
        IdempotencyKey.objects.filter(pk=claimed[0]).update(answer=answer)
        return Outcome(answer=answer, replayed=False)
    held = IdempotencyKey.objects.values_list("body_hash", "answer").get(mutation=mutation, caller=caller, key=key)
    if held[0] != body_hash:
        raise IdempotencyMismatch(
            _("This idempotency key was used for another request. Send a new key."), field=["idempotencyKey"]
        )
    assert held[1] is not None  # committed together with the key
    return Outcome(answer=held[1], replayed=True)


def delete_expired_keys(*, now: datetime, limit: int) -> int:
    """Delete up to `limit` keys that are past their lifetime, oldest first, and return how many."""
    # The age is asked twice: a key may be claimed anew between the two.
    expired = IdempotencyKey.objects.filter(created_at__lte=now - LIFETIME)
    return expired.filter(pk__in=expired.order_by("created_at").values("pk")[:limit]).delete()[0]
