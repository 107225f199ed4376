"""Changes by staff stand in the audit log."""

from django.db import migrations
from staff.audit import audited


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_counted"), ("staff", "0003_invitations_and_audit")]

    operations = [
        audited("catalog_product", label="entry->>'name'", quiet=["search_text", "updated_at", "price_from_minor"]),
        audited("catalog_variant", label="entry->>'sku'"),
    ]
