"""How much of each limited resource a shop uses, kept by triggers on the counted tables.

`kernel_usage` has one row a resource. The triggers fire once a statement, whoever wrote it (services, COPY, SQL by
hand), and add what the statement added or took away. So a count costs one indexed read however large the table is, and
within the transaction that added something it is exact: the trigger's update holds the row until the commit.

That makes additions to a counted table of one shop come one after the other, each waiting for the former's commit:
add to it late in a transaction, and lock nothing after it that another adder may hold before.
"""

from collections.abc import Iterator, Mapping

from django.db import connection
from django.db.migrations import RunSQL

from kernel.models import Usage

# What a statement on the table may change: plain counts do not depend on an update.
ROWS = "SELECT count(*) FROM {rows}"


def get_used(*, resource: str) -> int:
    """Return how much of `resource` the shop uses now; 0 for what is not counted. One statement."""
    return Usage.objects.filter(pk=resource).values_list("used", flat=True).first() or 0


def list_usage() -> dict[str, int]:
    """Return every counted resource with how much of it is used. One statement."""
    return dict(Usage.objects.order_by("pk").values_list("resource", "used"))


def find_miscount(resource: str, query: str) -> Iterator[str]:
    """Yield a sentence where the kept count of `resource` is not what `query` counts; for an app's `checks.py`."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        true = cursor.fetchone()[0]
    used = get_used(resource=resource)
    if used != true:
        yield f"Usage of {resource} says {used}, there are {true}."


def counted(table: str, resource: str, *, count: str = ROWS, also: Mapping[str, str] | None = None) -> RunSQL:
    """Return an operation that counts `resource` from now on, beginning with what is there.

    `count` is a query of one number in which `{rows}` stands for the rows that a statement on `table` added or took
    away. `also` names other tables whose updates change the number, each with its query over the rows before and after.
    """
    tables = {table: count, **(also or {})}
    with_updates = {name for name in tables if name != table or count != ROWS}
    return RunSQL(
        sql="\n".join(
            [
                *(_triggers(name, resource, query, updates=name in with_updates) for name, query in tables.items()),
                # The triggers' locks keep writers out until the commit, so nothing is added while this counts.
                f"INSERT INTO kernel_usage (resource, used) VALUES ('{resource}', ({count.format(rows=table)}));",  # noqa: S608
            ]
        ),
        reverse_sql="\n".join(
            [
                *(
                    f"DROP TRIGGER {name}_{event}_counted ON {name};"
                    for name in tables
                    for event in _events(updates=name in with_updates)
                ),
                *(f"DROP FUNCTION {name}_counted();" for name in tables),
                f"DELETE FROM kernel_usage WHERE resource = '{resource}';",  # noqa: S608
            ]
        ),
    )


_TRANSITIONS = {
    "insert": "REFERENCING NEW TABLE AS added",
    "delete": "REFERENCING OLD TABLE AS removed",
    "update": "REFERENCING NEW TABLE AS added OLD TABLE AS removed",
    "truncate": "",
}


def _events(*, updates: bool) -> list[str]:
    return [event for event in _TRANSITIONS if event != "update" or updates]


def _triggers(table: str, resource: str, query: str, *, updates: bool) -> str:
    """One function for all events: what a branch names is looked up only where it runs."""
    triggers = "\n".join(
        f"CREATE TRIGGER {table}_{event}_counted AFTER {event.upper()} ON {table} {_TRANSITIONS[event]}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_counted();"
        for event in _events(updates=updates)
    )
    return f"""
    CREATE FUNCTION {table}_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    DECLARE
        change bigint := 0;
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM kernel_usage WHERE resource = '{resource}';
            RETURN NULL;
        END IF;
        IF TG_OP IN ('INSERT', 'UPDATE') THEN
            change := change + ({query.format(rows="added")});
        END IF;
        IF TG_OP IN ('DELETE', 'UPDATE') THEN
            change := change - ({query.format(rows="removed")});
        END IF;
        IF change <> 0 THEN
            INSERT INTO kernel_usage AS held (resource, used) VALUES ('{resource}', change)
            ON CONFLICT (resource) DO UPDATE SET used = held.used + excluded.used;
        END IF;
        RETURN NULL;
    END $$;
    {triggers}
    """  # noqa: S608 - migrations give the names
