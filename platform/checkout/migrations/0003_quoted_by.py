"""Carts and orders remember the rule set that priced them. Those of before have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("checkout", "0002_order_number")]

    operations = [
        migrations.AddField("cart", "shown_version", models.BigIntegerField(null=True)),
        migrations.AddField("order", "rules_version", models.BigIntegerField(null=True)),
    ]
