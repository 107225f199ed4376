"""SKUs on sale are counted where a plan limits them: active variants of products that are not archived."""

from django.db import migrations
from kernel.usage import counted


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial"), ("kernel", "0002_usage")]

    operations = [
        counted(
            "catalog_variant",
            "skus",
            count="SELECT count(*) FROM {rows} v JOIN catalog_product p ON p.id = v.product_id"
            " WHERE v.is_active AND p.status = 'active'",
            also={
                "catalog_product": "SELECT count(*) FROM {rows} p JOIN catalog_variant v ON v.product_id = p.id"
                " WHERE v.is_active AND p.status = 'active'"
            },
        )
    ]
