"""What operators did is never changed or deleted, by whatever code."""

from django.db import migrations
from kernel.ledger import append_only


class Migration(migrations.Migration):
    """Run in public only: the table is Django's own."""

    dependencies = [("admin", "0003_logentry_add_action_flag_choices")]

    operations = [append_only("django_admin_log")]
