"""Order numbers: a sequence of the shop's own, from 100001; a number may be missing, never used twice."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("checkout", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="CREATE SEQUENCE checkout_order_number_seq START 100001 OWNED BY checkout_order.number;"
            "ALTER TABLE checkout_order ALTER COLUMN number SET DEFAULT nextval('checkout_order_number_seq');",
            reverse_sql="ALTER TABLE checkout_order ALTER COLUMN number DROP DEFAULT; DROP SEQUENCE checkout_order_number_seq;",
        ),
    ]
