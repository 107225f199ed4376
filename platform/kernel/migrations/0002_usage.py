"""How much of each limited resource a shop uses; the counted apps bring their triggers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("resource", models.TextField(primary_key=True, serialize=False)),
                ("used", models.BigIntegerField(db_default=0, default=0)),
            ],
        ),
    ]
