"""A function of the owner that names, of some shops, those that have mail to send: idle shops get no task."""

from django.db import migrations

SCHEMAS_WITH_MAIL = r"""
CREATE FUNCTION tenants_schemas_with_mail(at timestamptz, most_attempts int, among text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    query text;
BEGIN
    SELECT string_agg(format(
        'SELECT %L WHERE EXISTS (SELECT FROM %I.messaging_email'
        || ' WHERE sent_at IS NULL AND next_attempt_at <= $1 AND attempts < $2)',
        schema_name, schema_name), ' UNION ALL ')
      INTO query FROM public.tenants_shop WHERE schema_name = ANY (among);
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE query USING at, most_attempts;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION tenants_schemas_with_mail(timestamptz, int, text[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    """Run in public only."""

    dependencies = [("tenants", "0007_schema_states")]

    operations = [
        migrations.RunSQL(
            SCHEMAS_WITH_MAIL, reverse_sql="DROP FUNCTION tenants_schemas_with_mail(timestamptz, int, text[])"
        ),
    ]
