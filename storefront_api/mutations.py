"""How a mutation runs: in a savepoint, so that a refusal leaves nothing, and once for an idempotency key."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from kernel.errors import DomainError
from kernel.idempotency import run_once

from storefront_api.errors import to_user_error
from storefront_api.schema.context import Context


def mutate[T](name: str, work: Callable[[], T]) -> dict[str, Any]:
    """Return the payload: what `work` returned under `name`, or null and why it was refused."""
    try:
        with transaction.atomic():
            return {name: work(), "user_errors": []}
    except DomainError as error:
        return {name: None, "user_errors": [to_user_error(error)]}


def mutate_once[T](
    name: str,
    context: Context,
    input: Any,
    *,
    mutation: str,
    scope: str | Callable[[], str],
    work: Callable[[], T],
    remember: Callable[[T], dict[str, Any]],
    again: Callable[[dict[str, Any]], T],
) -> dict[str, Any]:
    """Like `mutate`, and for the idempotency key in `input` once: a repetition gets `again` of what was remembered.

    `remember` keeps ids, never secrets; `again` checks anew that the caller may see what they name.
    """

    def once() -> T:
        key = input.get("idempotency_key")
        if key is None:
            return work()
        done: list[T] = []

        def first() -> dict[str, Any]:
            done.append(work())
            return remember(done[0])

        outcome = run_once(
            mutation=mutation,
            caller=scope() if callable(scope) else scope,
            key=key,
            body={name: value for name, value in input.items() if name != "idempotency_key"},
            now=context.now,
            work=first,
        )
        return again(outcome.answer) if outcome.replayed else done[0]

    return mutate(name, once)
