"""Staff accounts are counted where a plan limits them: those that can sign in. Only shops have a plan."""

from django.db import migrations
from kernel.usage import counted


class Migration(migrations.Migration):
    dependencies = [("staff", "0003_invitations_and_audit"), ("kernel", "0002_usage")]

    operations = [counted("staff_user", "staff", count="SELECT count(*) FROM {rows} WHERE is_active")]
