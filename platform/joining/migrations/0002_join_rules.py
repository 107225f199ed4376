"""A join is never changed."""

from django.db import migrations

from kernel.ledger import append_only


class Migration(migrations.Migration):
    dependencies = [("joining", "0001_initial")]

    operations = [append_only("joining_join")]
