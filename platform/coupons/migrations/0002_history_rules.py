"""A coupon's history is never changed."""

from django.db import migrations

from kernel.ledger import append_only


class Migration(migrations.Migration):
    dependencies = [("coupons", "0001_initial")]

    operations = [append_only("coupons_couponevent")]
