"""Changes by staff stand in the audit log."""

from django.db import migrations
from staff.audit import audited


class Migration(migrations.Migration):
    dependencies = [("stock", "0002_ledger_rules"), ("staff", "0003_invitations_and_audit")]

    operations = [
        audited(
            "stock_entry",
            label="(SELECT v.sku FROM stock_balance b JOIN catalog_variant v ON v.id = b.variant_id"
            " WHERE b.id = (entry->>'balance_id')::bigint)",
            events="INSERT",
            only="NEW.kind = 'adjustment'",
        ),
    ]
