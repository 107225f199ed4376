"""What a shop sells.

Owns: categories (a tree by slug path), products, variants.

Invariants: a SKU is unique in the shop; a product's lowest price and search text follow its variants in the same
transaction; what was ever sold is archived, never deleted.
"""
