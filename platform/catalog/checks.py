"""What must hold of a shop's catalog, for `laxin doctor`."""

from collections.abc import Iterator

from django.db import connection
from kernel.usage import find_miscount

from tenants.doctor import invariant

SHOWN = 20


@invariant("catalog.lowest_price_follows_variants")
def find_wrong_lowest_prices() -> Iterator[str]:
    """A product's lowest price is that of its active variants."""
    yield from _find(
        """
        SELECT p.slug, p.price_from_minor, min(v.price_minor)
        FROM catalog_product p JOIN catalog_variant v ON v.product_id = p.id AND v.is_active
        GROUP BY p.id HAVING p.price_from_minor <> min(v.price_minor) ORDER BY p.slug LIMIT %s
        """,
        "Product {0}: lowest price {1}, its variants say {2}.",
    )


@invariant("catalog.paths_follow_the_tree")
def find_wrong_paths() -> Iterator[str]:
    """A category's path is its parent's and its own slug."""
    yield from _find(
        """
        SELECT c.path, concat_ws('/', above.path, c.slug) FROM catalog_category c
        LEFT JOIN catalog_category above ON above.id = c.parent_id
        WHERE c.path <> concat_ws('/', above.path, c.slug) ORDER BY c.path LIMIT %s
        """,
        "Category {0}: its place in the tree is {1}.",
    )


@invariant("catalog.every_product_can_be_found")
def find_products_without_search_text() -> Iterator[str]:
    """A product without search text is found by nobody."""
    yield from _find(
        "SELECT slug FROM catalog_product WHERE search_text = '' ORDER BY slug LIMIT %s",
        "Product {0}: no search text.",
    )


@invariant("catalog.usage_counts_skus_on_sale")
def find_miscounted_skus() -> Iterator[str]:
    """What the plan's limit is held against is how many variants are on sale."""
    yield from find_miscount(
        "skus",
        """
        SELECT count(*) FROM catalog_variant v JOIN catalog_product p ON p.id = v.product_id
        WHERE v.is_active AND p.status = 'active'
        """,
    )


def _find(query: str, finding: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(query, [SHOWN])
        for row in cursor.fetchall():
            yield finding.format(*row)
