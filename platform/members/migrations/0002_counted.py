"""Members are counted where a plan limits them."""

from django.db import migrations
from kernel.usage import counted


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial"), ("kernel", "0002_usage")]

    operations = [counted("members_member", "members")]
