"""Reads of the catalog: columns, never model instances. Each is one statement, whatever the number of rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from kernel.pages import Column, Keyset, Kind, Page

from catalog.text import list_ancestor_paths, split_search
from catalog.types import CategoryRow, ProductRow, ProductVariant, Sort, VariantRow

__all__ = [
    "get_category",
    "get_product",
    "get_products",
    "get_variants",
    "get_variants_by_sku",
    "list_ancestor_paths",
    "list_categories",
    "list_products",
]

_ID = Column("p.id", Kind.UUID)
_NAME = Column("p.name", Kind.TEXT)
_EXACT_FIRST = Column("p.exact_first", Kind.INTEGER)
_EXACT_LAST = Column("p.exact_last", Kind.INTEGER)

KEYSETS: Mapping[Sort, Keyset] = {
    Sort.NAME: Keyset("name", (_NAME, _ID)),
    Sort.PRICE_ASC: Keyset("price", (Column("p.price_from_minor", Kind.INTEGER), _ID)),
    Sort.PRICE_DESC: Keyset("price-falling", (Column("p.price_from_minor", Kind.INTEGER), _ID), descending=True),
    Sort.NEWEST: Keyset("newest", (Column("p.created_at", Kind.INSTANT), _ID), descending=True),
    Sort.RELEVANCE: Keyset("relevance", (Column("p.distance", Kind.INTEGER), _NAME, _ID)),
}
# Below this many characters a typing error leaves too little of a word to recognise it by; with digits it is a code, of
# which another is no better for being alike.
TYPO_LENGTH = 4
# pg_trgm's own 0.6 misses one wrong letter ("chesse", "appel"); a short word is like too many others below a half.
TYPO_SIMILARITY, SHORT_TYPO_SIMILARITY, SHORT_LENGTH = 0.4, 0.5, 5

_VARIANTS = """
    SELECT json_agg(json_build_array(
        v.id, v.sku, v.name, v.barcode, v.price_minor, v.compare_at_minor, v.options, v.is_active
    ) ORDER BY v.position, v.id)::text AS variants
    FROM catalog_variant v WHERE v.product_id = p.id AND (v.is_active OR %(hidden)s)
"""
_PRODUCT = """
    p.id, p.name, p.slug, p.brand, p.tags, p.status, p.price_from_minor, p.created_at,
    c.id, c.name, c.slug, c.path, v.variants
"""


def list_products(
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    search: str | None = None,
    category: str | None = None,
    sort: Sort | None = None,
    include_archived: bool = False,
) -> Page[ProductRow]:
    """Return a page of products with their variants and category.

    `search` finds products that have every term, or something like it, in name, brand, SKUs or barcodes; a SKU or
    barcode typed in full comes first. `category` is a slug path and means everything below it too; an unknown one is
    empty. `include_archived` also shows archived products and variants that are no longer sold.
    Raises `InvalidInput` for a wrong size or cursor.
    """
    terms = split_search(search or "")
    sort = sort or (Sort.RELEVANCE if terms else Sort.NAME)
    if sort is Sort.RELEVANCE and not terms:
        sort = Sort.NAME
    keyset = _put_exact_first(KEYSETS[sort]) if terms else KEYSETS[sort]
    window = keyset.read(first=first, after=after, last=last, before=before)
    if search and search.strip() and not terms:  # punctuation only: nothing can match
        return Page(items=[])
    conditions = ["true" if include_archived else "p.status = 'active'"]
    params: dict[str, Any] = {"hidden": include_archived, **window.params}
    if category:
        conditions.append(
            "p.category_id IN (SELECT id FROM catalog_category WHERE path = %(category)s OR path LIKE %(below)s)"
        )
        params |= {"category": category.strip("/"), "below": _escape_like(category.strip("/")) + "/%"}
    columns = "p.*"
    if terms:
        columns, matches, search_params = _build_search(search or "", terms)
        conditions += matches
        params |= search_params
    key_columns = ", ".join(column.sql for column in keyset.columns)
    query = f"""
        SELECT {_PRODUCT}, {key_columns}
        FROM (
            SELECT p.* FROM (SELECT {columns} FROM catalog_product p WHERE {" AND ".join(conditions)}) AS p
            WHERE {window.where} ORDER BY {window.order_by} LIMIT {window.limit}
        ) AS p
        LEFT JOIN catalog_category c ON c.id = p.category_id
        LEFT JOIN LATERAL ({_VARIANTS}) AS v ON true
        ORDER BY {window.order_by}
    """  # noqa: S608 - made of constants; values are parameters
    with connection.cursor() as cursor:
        if any(_forgives_typing(term) for term in terms):
            cursor.execute(f"SET LOCAL pg_trgm.word_similarity_threshold = {TYPO_SIMILARITY}")
        cursor.execute(query, params)
        rows = cursor.fetchall()
    return window.page(rows, key=lambda row: row[13:], item=_read_product)


def _put_exact_first(keyset: Keyset) -> Keyset:
    if keyset is KEYSETS[Sort.RELEVANCE]:
        return keyset
    exact = _EXACT_LAST if keyset.descending else _EXACT_FIRST
    return Keyset(f"search-{keyset.name}", (exact, *keyset.columns), descending=keyset.descending)


def _build_search(search: str, terms: Sequence[str]) -> tuple[str, list[str], dict[str, Any]]:
    """Return select list, conditions and parameters that find `terms`.

    `distance` is 0 for a SKU typed in full; else each term adds 0 as a word, 1 at the start of one, 2 inside one, and
    more the less alike it is. Only what no pattern matches is compared by its trigrams, which costs much more.
    """
    typed = search.strip().replace("\x00", "")
    params: dict[str, Any] = {"typed": list({typed, typed.upper(), typed.lower()})}
    matches, distances = [], []
    for number, term in enumerate(terms):
        # Terms hold letters, digits and spaces only, so nothing in them means something to LIKE.
        params |= {f"word_{number}": f"% {term} %", f"start_{number}": f"% {term}%", f"part_{number}": f"%{term}%"}
        pattern = f"part_{number}" if len(term) >= 3 else f"start_{number}"
        match = f"p.search_text LIKE %({pattern})s"
        distance = "2"
        if _forgives_typing(term):
            params[f"term_{number}"] = term
            likeness = f"word_similarity(%(term_{number})s, p.search_text)"
            alike = f"%(term_{number})s <%% p.search_text"
            if len(term) <= SHORT_LENGTH:
                alike += f" AND {likeness} >= {SHORT_TYPO_SIMILARITY}"
            match = f"({match} OR {alike})"
            distance = (
                f"CASE WHEN p.search_text LIKE %(part_{number})s THEN 2 ELSE 3 + (10 * (1 - {likeness}))::int END"
            )
        matches.append(match)
        distances.append(
            f"CASE WHEN p.search_text LIKE %(word_{number})s THEN 0"
            f" WHEN p.search_text LIKE %(start_{number})s THEN 1 ELSE {distance} END"
        )
    distance = f"1 + {' + '.join(distances)}"
    is_exact = """p.id = ANY (ARRAY(
        SELECT product_id FROM catalog_variant WHERE sku = ANY (%(typed)s) OR barcode = ANY (%(typed)s)))"""
    columns = f"""
        p.*, ({is_exact})::int AS exact_last, 1 - ({is_exact})::int AS exact_first,
        CASE WHEN {is_exact} THEN 0 ELSE {distance} END AS distance
    """
    return columns, matches, params


def _forgives_typing(term: str) -> bool:
    return len(term) >= TYPO_LENGTH and not any(character.isdigit() for character in term)


def get_product(
    *, product_id: UUID | None = None, slug: str | None = None, include_archived: bool = False
) -> ProductRow | None:
    """Return one product by key or by slug, or None."""
    where, value = ("p.slug = %(value)s", slug) if product_id is None else ("p.id = %(value)s", product_id)
    rows = _select_products(where, value, include_archived=include_archived)
    return rows[0] if rows else None


def get_products(*, product_ids: Iterable[UUID], include_archived: bool = False) -> dict[UUID, ProductRow]:
    """Return products by key; unknown ones are missing."""
    rows = _select_products("p.id = ANY (%(value)s)", list(product_ids), include_archived=include_archived)
    return {row.id: row for row in rows}


def _select_products(where: str, value: Any, *, include_archived: bool) -> list[ProductRow]:
    query = f"""
        SELECT {_PRODUCT} FROM catalog_product p
        LEFT JOIN catalog_category c ON c.id = p.category_id
        LEFT JOIN LATERAL ({_VARIANTS}) AS v ON true
        WHERE {where} AND (p.status = 'active' OR %(hidden)s)
    """  # noqa: S608 - made of constants; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(query, {"value": value, "hidden": include_archived})
        return [_read_product(row) for row in cursor.fetchall()]


def _read_product(row: tuple[Any, ...]) -> ProductRow:
    variants: list[list[Any]] = orjson.loads(row[12]) if row[12] else []
    created_at: datetime = row[7]
    return ProductRow(
        id=row[0],
        name=row[1],
        slug=row[2],
        brand=row[3],
        tags=row[4],
        status=row[5],
        price_from_minor=row[6],
        created_at=created_at,
        category=CategoryRow(*row[8:12]) if row[8] else None,
        categories=list_ancestor_paths(row[11]),
        variants=[ProductVariant(UUID(variant[0]), *variant[1:]) for variant in variants],
    )


def get_variants_by_sku(*, skus: Iterable[str]) -> dict[str, VariantRow]:
    """Return variants by SKU, archived ones too; unknown SKUs are missing."""
    return {row.sku: row for row in _select_variants("v.sku = ANY (%s)", list(skus))}


def get_variants(*, ids: Iterable[UUID]) -> dict[UUID, VariantRow]:
    """Return variants by key, archived ones too; unknown keys are missing."""
    return {row.id: row for row in _select_variants("v.id = ANY (%s)", list(ids))}


def _select_variants(where: str, values: list[Any]) -> list[VariantRow]:
    query = f"""
        SELECT v.id, v.sku, v.name, v.barcode, v.price_minor, v.compare_at_minor, p.id, p.name, p.slug,
               c.path, p.brand, p.tags, v.is_active AND p.status = 'active'
        FROM catalog_variant v JOIN catalog_product p ON p.id = v.product_id
        LEFT JOIN catalog_category c ON c.id = p.category_id
        WHERE {where}
    """  # noqa: S608 - made of constants; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(query, [values])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [
        VariantRow(
            id=row[0],
            sku=row[1],
            name=row[2],
            barcode=row[3],
            price_minor=row[4],
            compare_at_minor=row[5],
            product_id=row[6],
            product_name=row[7],
            product_slug=row[8],
            categories=list_ancestor_paths(row[9]),
            brand=row[10],
            tags=row[11],
            is_active=row[12],
        )
        for row in rows
    ]


def list_categories(*, parent: str | None = None) -> list[CategoryRow]:
    """Return the categories right below the path `parent`, or the roots, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.name, c.slug, c.path FROM catalog_category c
            LEFT JOIN catalog_category above ON above.id = c.parent_id
            WHERE above.path IS NOT DISTINCT FROM %s ORDER BY c.position, c.name, c.id
            """,
            [parent.strip("/") if parent else None],
        )
        return [CategoryRow(*row) for row in cursor.fetchall()]


def get_category(*, path: str) -> CategoryRow | None:
    """Return the category with this path, or None."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name, slug, path FROM catalog_category WHERE path = %s", [path.strip("/")])
        row = cursor.fetchone()
    return CategoryRow(*row) if row else None


def _escape_like(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
