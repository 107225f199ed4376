"""Changes by staff stand in the audit log."""

from django.db import migrations
from staff.audit import audited


class Migration(migrations.Migration):
    dependencies = [("promotions", "0005_version_rules"), ("staff", "0003_invitations_and_audit")]

    operations = [
        audited(
            "promotions_promotionversion",
            label="(SELECT name FROM promotions_promotion WHERE id = (entry->>'promotion_id')::uuid)",
            quiet=["since_version", "until_version"],
        ),
    ]
