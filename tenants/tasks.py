"""Celery tasks run inside the shop that sent them, or refuse.

The shop travels in a message header. It is set when the task is sent, from the open tenant transaction or from the
task that is running (chains, chords, groups, retries and ETAs keep it). What a task changes it changes in its own name,
whoever sent it: the audit log says so.
"""

from typing import Any, cast

from celery import Task, current_task, shared_task
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from tenants.actor import acting, task_actor
from tenants.backend.base import DatabaseWrapper, Tenant
from tenants.errors import TenancyError
from tenants.housekeeping import delete_ended_sessions, delete_notes_of_sessions, delete_old_rows
from tenants.models import Shop
from tenants.pool import refill_pool
from tenants.relay import find_schemas_with_news, relay_events
from tenants.selectors import get_shop_of_schema, list_shops
from tenants.transaction import assert_tenant_transaction, current_shop, find_current_shop, tenant_transaction

HEADER = "laxin_shop"


class ShopTask(Task):  # type: ignore[type-arg]
    """The default task class: one task, one tenant transaction.

    Without a shop a task is neither sent nor run (TenancyError); of a deleted shop it is not run (ShopUnknown).
    """

    abstract = True

    def apply_async(
        self,
        args: Any = None,
        kwargs: Any = None,
        *positional: Any,
        headers: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Send, with the shop in the headers."""
        headers = dict(headers or {})
        if not self._is_celerys_own():
            headers.setdefault(HEADER, _schema_of_sender())
            if headers[HEADER] is None:
                raise TenancyError(f"{self.name} was sent without a shop: send it inside a tenant transaction.")
        return super().apply_async(args, kwargs, *positional, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run inside the shop. Called directly, a task is a plain function of the open tenant transaction."""
        if self.request.called_directly:
            assert_tenant_transaction()
            return self.run(*args, **kwargs)
        schema = _schema_of_request(self.request)
        if schema is None:
            if self._is_celerys_own():
                return self.run(*args, **kwargs)
            raise TenancyError(f"{self.name} arrived without a shop and was not run.")
        with acting(task_actor(self.name)), tenant_transaction(_find_shop(schema)):
            return self.run(*args, **kwargs)

    def _is_celerys_own(self) -> bool:
        """Celery's helpers (chord_unlock, backend_cleanup) touch no table; the tasks they start are looked at anew."""
        return str(self.name).startswith("celery.")


class PublicTask(Task):  # type: ignore[type-arg]
    """For periodic tasks that hand out work to the shops: runs outside any shop, in no transaction."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run; a tenant transaction that is open is a mistake of the caller's."""
        if find_current_shop() is not None:
            raise TenancyError(f"{self.name} hands out work to all shops and cannot run inside one.")
        with acting(task_actor(self.name)):
            return self.run(*args, **kwargs)


def enqueue_for_shop(shop: Tenant, task: Task, *args: Any, **kwargs: Any) -> None:  # type: ignore[type-arg]
    """Send a task to a shop now; for fan-out, where no tenant transaction is open."""
    task.apply_async(args, kwargs, headers={HEADER: shop.schema_name})


def enqueue_on_commit(task: Task, *args: Any, **kwargs: Any) -> None:  # type: ignore[type-arg]
    """Send a task to the current shop once its transaction has committed; never after a rollback.

    Where the broker is down the work is done all the same and only logged as not sent: what must not be lost is
    published to the outbox.
    """
    shop = current_shop()
    transaction.on_commit(lambda: enqueue_for_shop(shop, task, *args, **kwargs), robust=True)


def wake_relay() -> None:
    """Have the current transaction's events delivered right after its commit. Called for each event, acts once."""
    wrapper = cast(DatabaseWrapper, connection)
    if wrapper.woken_by is not wrapper.shop_block:
        wrapper.woken_by = wrapper.shop_block
        enqueue_on_commit(relay_outbox)


def _schema_of_sender() -> str | None:
    shop = find_current_shop()
    if shop is not None:
        return shop.schema_name
    return _schema_of_request(current_task.request) if current_task else None


def _find_shop(schema: str) -> Shop:
    """The public tables, where it is looked up, are out of reach inside a shop: there a task may run in this process.

    Raises ShopUnknown, and TenancyError inside another shop.
    """
    current = find_current_shop()
    if current is None:
        return get_shop_of_schema(schema)
    if current.schema_name != schema:
        raise TenancyError(f"A task of {schema} cannot run inside {current.schema_name}.")
    return current


def _schema_of_request(request: Any) -> str | None:
    """A worker merges the headers into the request; a task run in this process keeps them apart."""
    schema: str | None = request.get(HEADER) or (request.headers or {}).get(HEADER)
    return schema


@shared_task(ignore_result=True)
def relay_outbox() -> int:
    """Deliver the shop's pending events; see `tenants.relay`."""
    return relay_events(now=timezone.now())


@shared_task(base=PublicTask, ignore_result=True)
def relay_all_outboxes() -> None:
    """Wake the relay of every shop with pending events: those whose wake-up after the commit was lost, and retries."""
    for schema in find_schemas_with_news(now=timezone.now()):
        relay_outbox.apply_async(headers={HEADER: schema})


@shared_task(base=PublicTask, ignore_result=True)
def keep_ready_schemas() -> int:
    """Have as many ready schemas as the setting says; see `tenants.pool`."""
    return refill_pool(size=settings.SHOP_POOL_SIZE)


@shared_task(ignore_result=True)
def tidy_up() -> None:
    """Delete what has served its time; a large backlog is worked off in several transactions."""
    if delete_old_rows(now=timezone.now()):
        enqueue_on_commit(tidy_up)


@shared_task(base=PublicTask, ignore_result=True)
def tidy_up_all_shops() -> None:
    """Sent by beat: hand the work out to the shops, and do the public site's own."""
    delete_ended_sessions(now=timezone.now())
    delete_notes_of_sessions()
    for shop in list_shops():
        enqueue_for_shop(shop, tidy_up)
