"""Log lines name the shop they belong to."""

import logging

from django.db import connection


class ShopFilter(logging.Filter):
    """Adds `shop`: the schema name inside a tenant transaction, otherwise `-`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes."""
        shop = getattr(connection, "shop", None)
        record.shop = shop.schema_name if shop else "-"
        return True
