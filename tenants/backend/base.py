"""The database backend: a shop's schema path and role are bound to one transaction, in the round trip of its BEGIN.

`SET LOCAL` ends with the transaction, so whoever gets the server connection next (Django's pool, PgBouncer) finds
nothing of it. Outside a tenant transaction nothing is sent at all: the database's own search path is
`public, extensions`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg
from django.db.transaction import Atomic
from django_tenants.postgresql_backend import base as django_tenants_backend
from psycopg import pq
from psycopg.sql import Literal

from tenants.actor import Actor
from tenants.connections import note_visit
from tenants.errors import TenancyError


class Tenant(Protocol):
    """What the backend must know of a shop."""

    @property
    def schema_name(self) -> str:
        """Name of its schema and of its role."""


class DatabaseWrapper(django_tenants_backend.DatabaseWrapper):  # type: ignore[misc]
    """`shop` is the shop whose transaction is open on this connection, or None."""

    shop: Tenant | None = None
    shop_block: Atomic | None = None
    actor: Actor | None = None  # who acts in its transaction, for the audit log
    woken_by: Atomic | None = None  # the transaction that will wake the outbox relay
    migrating: str | None = None

    def set_tenant(self, tenant: Tenant, include_public: bool = True) -> None:
        """Note the tenant. Content types stay cached: their ids are equal in all schemas (see `laxin doctor`)."""
        self.tenant = tenant
        self.schema_name = tenant.schema_name
        self.set_settings_schema(tenant.schema_name)

    def enter_shop(self, shop: Tenant, actor: Actor | None = None) -> None:
        """Bind the open transaction to a shop and who acts there; sends nothing before its first query, if none was."""
        if self.shop is not None:
            raise TenancyError(f"The transaction belongs to {self.shop.schema_name} already.")
        self.shop, self.actor = shop, actor
        self.set_tenant(shop)
        if self._status() == pq.TransactionStatus.INTRANS:
            self._run(self._binding(shop))

    def leave_shop(self) -> None:
        """Give a transaction that goes on afterwards back to public; deferred constraints are checked first."""
        if self._status() == pq.TransactionStatus.INTRANS:
            self._run(
                "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
                "SET LOCAL ROLE NONE; SET LOCAL search_path = public, extensions; SET LOCAL laxin.actor = ''"
            )

    def forget_shop(self) -> None:
        """The block is over; COMMIT or ROLLBACK takes the database's side of it away."""
        self.shop = self.actor = None
        self.set_schema_to_public()

    @contextmanager
    def migrating_in(self, schema: str) -> Iterator[None]:
        """Set the search path of the session, for the owner's migrations: they open and close transactions."""
        self.migrating = schema
        self.set_schema(schema)
        self.close()
        try:
            yield
        finally:
            self.migrating = None
            self.set_schema_to_public()
            self.close()

    def init_connection_state(self) -> None:
        """Also after a lost connection, so that a migration never goes on in another schema."""
        super().init_connection_state()
        if self.migrating is not None:
            with self.connection.cursor() as cursor:
                cursor.execute(f"SET search_path = {self.ops.quote_name(self.migrating)}, extensions")

    def chunked_cursor(self) -> Any:
        """On the server inside a transaction only: a pooler hands what follows to another server connection."""
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Called by django-tenants for each new cursor, before its first statement."""
        if self.shop is None:
            return
        if not self.in_atomic_block:
            raise TenancyError("A tenant transaction ended, and a query came after it: open another one.")
        if self._status() == pq.TransactionStatus.IDLE:
            self._begin("BEGIN; " + self._binding(self.shop))

    def _get_cursor_search_paths(self) -> list[str]:
        return ["public", "extensions"] if self.shop is None else [self.shop.schema_name, "extensions"]

    def _binding(self, shop: Tenant) -> str:
        note_visit(self.connection, shop.schema_name)
        schema = self.ops.quote_name(shop.schema_name)
        binding = f"SET LOCAL search_path = {schema}, extensions; SET LOCAL ROLE {schema}"
        if self.actor is not None:
            binding += f"; SET LOCAL laxin.actor = {Literal(self.actor.to_json()).as_string(self.connection)}"
        return binding

    def _status(self) -> pq.TransactionStatus | None:
        return None if self.connection is None else self.connection.pgconn.transaction_status

    def _begin(self, statements: str) -> None:
        """Send BEGIN and what binds it in one round trip; psycopg sees the transaction and sends no BEGIN itself."""
        with self.wrap_database_errors:
            result = self.connection.pgconn.exec_(statements.encode())
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result)

    def _run(self, statements: str) -> None:
        """Run statements that are no query of the application: neither counted nor logged as one."""
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(statements)
