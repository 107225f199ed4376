"""Tables of versions, of rule sets and of use; what promotions hold themselves is moved and dropped afterwards."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("promotions", "0002_ruleset_version")]

    operations = [
        migrations.AlterField("promotion", "document", models.JSONField(null=True)),
        migrations.AddField("promotion", "version", models.PositiveIntegerField(db_default=1, default=1)),
        migrations.CreateModel(
            name="PromotionVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("live", "Live"), ("ended", "Ended")], max_length=10
                    ),
                ),
                ("document", models.JSONField()),
                ("is_limited", models.BooleanField()),
                ("since_version", models.BigIntegerField(null=True)),
                ("until_version", models.BigIntegerField(null=True)),
                ("actor", models.TextField(db_default="", default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("live_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="promotions.promotion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["promotion", "number"], name="promotion_version_once"),
                    models.UniqueConstraint(
                        condition=Q(status="live"), fields=["promotion"], name="promotion_one_live"
                    ),
                    models.UniqueConstraint(
                        condition=Q(status="draft"), fields=["promotion"], name="promotion_one_draft"
                    ),
                    models.CheckConstraint(
                        condition=Q(status="draft", since_version=None, until_version=None)
                        | Q(status="live", since_version__isnull=False, until_version=None)
                        | Q(status="ended", since_version=None, until_version=None)
                        | Q(status="ended", since_version__lt=F("until_version")),
                        name="promotion_version_in_its_rule_sets",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["since_version", "until_version"], name="promotion_version_in_rules"),
                    models.Index(
                        condition=Q(is_limited=True), fields=["since_version"], name="promotion_version_limited"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromotionUse",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("scope", models.CharField(max_length=50)),
                ("orders", models.PositiveIntegerField()),
                ("discount_minor", models.BigIntegerField()),
                ("max_orders", models.BigIntegerField(null=True)),
                ("max_discount_minor", models.BigIntegerField(null=True)),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="promotions.promotion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["promotion", "scope"], name="promotion_use_once"),
                    models.CheckConstraint(
                        condition=Q(max_orders=None) | Q(orders__lte=F("max_orders")),
                        name="promotion_use_within_orders",
                    ),
                    models.CheckConstraint(
                        condition=Q(max_discount_minor=None) | Q(discount_minor__lte=F("max_discount_minor")),
                        name="promotion_use_within_budget",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RulesetChange",
            fields=[
                ("version", models.BigIntegerField(primary_key=True, serialize=False)),
                ("policy", models.JSONField(null=True)),
                ("actor", models.TextField(db_default="", default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
    ]
