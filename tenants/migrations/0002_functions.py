"""Functions of the owner that the application login may call: make a shop's schema, name shops with news."""

from django.db import migrations

CREATE_SCHEMA = r"""
CREATE FUNCTION tenants_create_schema(new_schema text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET check_function_bodies = off AS $$
DECLARE
    template text;
BEGIN
    IF new_schema !~ '^t_[0-9a-f]{16}$' THEN
        RAISE EXCEPTION 'no name of a shop''s schema: %', new_schema;
    END IF;
    SELECT script INTO STRICT template FROM public.tenants_shoptemplate ORDER BY id DESC LIMIT 1;
    EXECUTE format('CREATE ROLE %I NOLOGIN', new_schema);
    EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', new_schema, session_user);
    EXECUTE format('CREATE SCHEMA %I', new_schema);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', new_schema, new_schema);
    -- Before the script, so that its tables and those of later migrations get the same grants.
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
                   new_schema, new_schema);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I',
                   new_schema, new_schema);
    EXECUTE replace(template, 'laxin_shop_template', new_schema);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %I.django_migrations FROM %I', new_schema, new_schema);
END $$;
REVOKE EXECUTE ON FUNCTION tenants_create_schema(text) FROM PUBLIC;
"""

SCHEMAS_WITH_NEWS = r"""
CREATE FUNCTION tenants_schemas_with_news(at timestamptz) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    query text;
BEGIN
    SELECT string_agg(format(
        'SELECT %L WHERE EXISTS (SELECT FROM %I.kernel_outboxevent WHERE delivered_at IS NULL AND available_at <= $1)',
        schema_name, schema_name), ' UNION ALL ')
      INTO query FROM public.tenants_shop;
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE query USING at;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION tenants_schemas_with_news(timestamptz) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    """Run in public only."""

    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.RunSQL(CREATE_SCHEMA, reverse_sql="DROP FUNCTION tenants_create_schema(text)"),
        migrations.RunSQL(SCHEMAS_WITH_NEWS, reverse_sql="DROP FUNCTION tenants_schemas_with_news(timestamptz)"),
    ]
