"""PostgreSQL backend whose transactions belong to one shop, or to none."""
