"""How much of a variant lies where.

Owns: locations, balances (on hand, reserved, unit cost) and the append-only ledger of entries.

Invariants: a balance changes only through an entry (a trigger adds the entry to it, another refuses any other way), so
on hand equals the sum of the entries at all times; 0 <= reserved <= on hand.
"""
