"""What operators see of the fleet: the error of a shop's last migration, and how many migrations each shop lacks.

The function is the owner's, because the application login enters one shop at a time.
"""

from django.db import migrations, models

MISSING_MIGRATIONS = r"""
CREATE FUNCTION tenants_missing_migrations(known text[]) RETURNS TABLE (schema_name text, missing bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    query text;
BEGIN
    SELECT string_agg(format(
        'SELECT %L, (SELECT count(*) FROM %I.django_migrations WHERE app || ''.'' || name IN (SELECT name FROM known))',
        shop.schema_name, shop.schema_name), ' UNION ALL ')
      INTO query FROM public.tenants_shop AS shop;
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'WITH known AS MATERIALIZED (SELECT unnest($1) AS name), histories (schema_name, applied) AS (' || query
            || ') SELECT schema_name, cardinality($1) - applied FROM histories WHERE applied < cardinality($1)'
            USING known;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION tenants_missing_migrations(text[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    """Run in public only."""

    dependencies = [("tenants", "0006_shops_of_email")]

    operations = [
        migrations.AddField(
            model_name="shop",
            name="migration_error",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.RunSQL(MISSING_MIGRATIONS, reverse_sql="DROP FUNCTION tenants_missing_migrations(text[])"),
    ]
