"""What holds in every shop's schema as such."""

from collections.abc import Iterator

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from kernel.models import OutboxEvent

from tenants.doctor import invariant
from tenants.schemas import migrations_on_disk

MANY_ATTEMPTS = 8  # over eight minutes of trying

# What a shop's role may touch outside its own schema, as `schema.table`. Shared tables have no row security: whoever
# may read one reads every shop's rows. So there is none, and each that comes has to be named here.
SHARED_TABLES: frozenset[str] = frozenset()

_OUT_OF_BOUNDS = """
WITH reachable AS (
    SELECT oid, nspname FROM pg_namespace
     WHERE nspname <> current_schema() AND nspname !~ '^(pg_|information_schema$)'
       AND has_schema_privilege(oid, 'USAGE')),
relations AS MATERIALIZED (  -- thousands of shops make the catalog long: once over it
    SELECT c.oid, relkind, nspname || '.' || relname AS name
      FROM pg_class c JOIN reachable ON reachable.oid = relnamespace)
SELECT name, string_agg(privilege, ', ' ORDER BY privilege)
  FROM relations, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
   AND (has_table_privilege(oid, privilege)
        OR privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(oid, privilege))
 GROUP BY name
UNION ALL
SELECT name, 'sequence' FROM relations
 WHERE CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'USAGE, SELECT, UPDATE') END
UNION ALL
SELECT p.oid::regprocedure::text, 'runs as its owner' FROM reachable JOIN pg_proc p ON p.pronamespace = reachable.oid
 WHERE p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE')
UNION ALL
SELECT roleid::regrole::text, 'role' FROM pg_auth_members WHERE member = current_user::regrole
UNION ALL
SELECT current_user, 'attributes of the role' FROM pg_roles WHERE rolname = current_user
   AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolcanlogin)
ORDER BY 1, 2
"""


@invariant("tenants.migrations_are_applied")
def find_missing_migrations() -> Iterator[str]:
    """The schema lacks nothing that this version knows."""
    applied = {f"{app}.{name}" for app, name in MigrationRecorder.Migration.objects.values_list("app", "name")}
    for name in sorted(migrations_on_disk() - applied):
        yield f"the migration {name} is missing: run `laxin migrate`"


@invariant("tenants.outbox_events_are_delivered")
def find_stuck_events() -> Iterator[str]:
    """No event fails again and again."""
    stuck = OutboxEvent.objects.filter(delivered_at=None, attempts__gte=MANY_ATTEMPTS).order_by("id")
    for event in stuck[:100]:
        yield f"event {event.id} ({event.topic}) failed {event.attempts} times: {event.last_error}"


@invariant("tenants.role_reaches_its_own_tables_alone")
def find_reach() -> Iterator[str]:
    """The shop's role may do nothing to any table of public, of another shop or of the template."""
    with connection.cursor() as cursor:
        cursor.execute(_OUT_OF_BOUNDS)
        found = cursor.fetchall()
    for name, privileges in found:
        if name not in SHARED_TABLES:
            yield f"the shop's role reaches {name} ({privileges}): revoke it, or name it in SHARED_TABLES"
