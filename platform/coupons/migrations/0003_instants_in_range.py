"""What no shop's zone can show or the database cannot count on from is refused; what was let in so far is cut off."""

from datetime import UTC, datetime

from django.db import migrations, models
from django.db.models import Q

CUT_OFF = """
UPDATE coupons_batch SET claim_from = NULL WHERE claim_from < '2000-01-01Z';
UPDATE coupons_batch SET claim_from = '2099-12-31Z' WHERE claim_from > '2100-01-01Z';
UPDATE coupons_batch SET claim_until = '2100-01-01Z' WHERE claim_until > '2100-01-01Z';
UPDATE coupons_batch SET valid_until = '2100-01-01Z' WHERE valid_until > '2100-01-01Z';
"""
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Migration(migrations.Migration):
    dependencies = [("coupons", "0002_history_rules")]

    operations = [
        migrations.RunSQL(sql=CUT_OFF, reverse_sql=migrations.RunSQL.noop),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(
                condition=Q(
                    claim_from__gte=FIRST,
                    claim_until__gte=FIRST,
                    valid_until__gte=FIRST,
                    claim_from__lte=LAST,
                    claim_until__lte=LAST,
                    valid_until__lte=LAST,
                ),
                name="batch_instants_in_range",
            ),
        ),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(condition=Q(valid_days__lte=3_650), name="batch_valid_days_in_range"),
        ),
    ]
