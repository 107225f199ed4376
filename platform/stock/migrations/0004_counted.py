"""Places that hold stock are counted where a plan limits them."""

from django.db import migrations
from kernel.usage import counted


class Migration(migrations.Migration):
    dependencies = [("stock", "0003_audited"), ("kernel", "0002_usage")]

    operations = [counted("stock_location", "locations")]
