"""The states of orders, where staff change them, stand in the audit log."""

from django.db import migrations
from staff.audit import audited


class Migration(migrations.Migration):
    dependencies = [("checkout", "0003_quoted_by"), ("staff", "0003_invitations_and_audit")]

    operations = [
        audited(
            "checkout_order",
            label="entry->>'number'",
            quiet=["quote"],
            events="UPDATE",
            only="OLD.status <> NEW.status",
        ),
    ]
