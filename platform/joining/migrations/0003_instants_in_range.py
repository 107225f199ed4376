"""What no shop's zone can show is refused; what was let in so far is cut off."""

from datetime import UTC, datetime

from django.db import migrations, models
from django.db.models import Q

CUT_OFF = """
UPDATE joining_joinlink SET opens_at = NULL WHERE opens_at < '2000-01-01Z';
UPDATE joining_joinlink SET opens_at = '2099-12-31Z' WHERE opens_at > '2100-01-01Z';
UPDATE joining_joinlink SET closes_at = '2100-01-01Z' WHERE closes_at > '2100-01-01Z';
"""
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Migration(migrations.Migration):
    dependencies = [("joining", "0002_join_rules")]

    operations = [
        migrations.RunSQL(sql=CUT_OFF, reverse_sql=migrations.RunSQL.noop),
        migrations.AddConstraint(
            "joinlink",
            models.CheckConstraint(
                condition=Q(opens_at__gte=FIRST, closes_at__gte=FIRST, opens_at__lte=LAST, closes_at__lte=LAST),
                name="join_link_instants_in_range",
            ),
        ),
    ]
