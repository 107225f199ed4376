"""What came with the samples, and the checklist."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two small tables."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SampleRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("product", "Product"), ("batch", "Coupon"), ("link", "Join link")], max_length=10
                    ),
                ),
                ("object_id", models.UUIDField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "object_id"), name="sample_row_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["product", "batch", "link"])), name="sample_row_kind_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Checklist",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("hidden_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="checklist_is_one")],
            },
        ),
    ]
