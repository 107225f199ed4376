"""The one row that numbers the shop's rule set."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("promotions", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="INSERT INTO promotions_rulesetversion (id, version) VALUES (1, 0);",
            reverse_sql="DELETE FROM promotions_rulesetversion;",
        ),
    ]
