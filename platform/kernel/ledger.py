"""Migration operations for tables whose rows are never changed: corrections are new rows."""

from django.db.migrations import RunSQL


def append_only(table: str) -> RunSQL:
    """Return an operation after which UPDATE, DELETE and TRUNCATE of `table` raise for every role."""
    return RunSQL(
        sql=f"""
        CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            RAISE EXCEPTION '{table} is append-only: write a reversal instead' USING ERRCODE = 'restrict_violation';
        END $$;
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only();
        """,
        reverse_sql=f"DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_append_only();",
    )
