"""Shops and the walls between them: one PostgreSQL schema and one role for each.

Owns (in public): shops, the shop template. Holds the tenant transaction, the middleware and task class that open it,
the making of shops, migrations of the fleet, the outbox relay and the registry of `laxin doctor`.

Invariants: a shop's table is read or written only inside `tenant_transaction(shop)`; there the search path is the
shop's schema and `extensions`, the role is the shop's own; the application login by itself reads no shop's table.
Schemas of all shops are equal, content types and permissions have the same ids in all of them.
"""
