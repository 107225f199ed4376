"""The shop's logo."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One table of one row."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Logo",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("image", models.BinaryField()),
                ("mark", models.BinaryField()),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="logo_is_one")],
            },
        ),
    ]
