"""Which links stand on the shop's front page is said by the shop; so far the newest open one stood there."""

from django.db import migrations, models

NEWEST_OPEN = """
UPDATE joining_joinlink SET on_front_page = TRUE WHERE id = (
    SELECT id FROM joining_joinlink
     WHERE status = 'open' AND (opens_at IS NULL OR opens_at <= now()) AND (closes_at IS NULL OR closes_at > now())
     ORDER BY created_at DESC, id DESC LIMIT 1)
"""


class Migration(migrations.Migration):
    dependencies = [("joining", "0004_audited")]

    operations = [
        migrations.AddField("joinlink", "on_front_page", models.BooleanField(default=False, db_default=False)),
        migrations.RunSQL(sql=NEWEST_OPEN, reverse_sql=migrations.RunSQL.noop),
    ]
