"""A function of the owner that tells in which schemas an e-mail address may sign in.

The public site mails people the list of their shops. A public table of addresses (or their hashes), kept by triggers in
every shop, would answer by an index, but it would put who works where beside all shops' data, and every restored, moved
or deleted shop would have to be brought into line with it. Forgotten addresses are looked up seldom, by a task: asking
each shop's own index, some schemas a call, is exact by construction and costs a tenth of a second for 1,000 shops.
"""

from django.db import migrations

SCHEMAS_OF_EMAIL = r"""
CREATE FUNCTION tenants_schemas_of_email(address text, among text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    query text;
BEGIN
    SELECT string_agg(format(
        'SELECT %L WHERE EXISTS (SELECT FROM %I.staff_user WHERE email = $1 AND is_active)',
        schema_name, schema_name), ' UNION ALL ')
      INTO query FROM public.tenants_shop WHERE schema_name = ANY (among);
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE query USING address;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION tenants_schemas_of_email(text, text[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    """Run in public only."""

    dependencies = [("tenants", "0005_closed_by_operator")]

    operations = [
        migrations.RunSQL(SCHEMAS_OF_EMAIL, reverse_sql="DROP FUNCTION tenants_schemas_of_email(text, text[])"),
    ]
