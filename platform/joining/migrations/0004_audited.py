"""Changes by staff stand in the audit log."""

from django.db import migrations
from staff.audit import audited


class Migration(migrations.Migration):
    dependencies = [("joining", "0003_instants_in_range"), ("staff", "0003_invitations_and_audit")]

    operations = [
        audited("joining_joinlink", label="entry->>'name'"),
    ]
