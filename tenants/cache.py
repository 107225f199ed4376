"""Keys of the cache carry the shop, whoever makes them: what one shop keeps or counts no other finds."""

from tenants.transaction import find_current_shop

# The keys of what belongs to no shop, and is also asked for inside one.
PUBLIC = "public:"


def make_key(key: str, key_prefix: str, version: int) -> str:
    """The setting KEY_FUNCTION: `prefix:version:shop:key`; the shop is the one whose transaction is open, or public.

    A hook on the commit runs outside the shop. What a shop kept is below `prefix:version:<its schema>:`.
    """
    if not key.startswith(PUBLIC):
        shop = find_current_shop()
        key = f"{shop.schema_name}:{key}" if shop else f"{PUBLIC}{key}"
    return f"{key_prefix}:{version}:{key}"
