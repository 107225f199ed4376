"""Who pays for which plan, and what follows for the shop.

Owns (in public): accounts, checkouts, payment events, plan overrides, alerts. Sells through Stripe (`billing.gateway`,
the only importer of `stripe`) and writes what a shop may use by `tenants.services.set_standing`.

Invariants: what an account says about Stripe was fetched from Stripe, never taken from an event or a browser; an event
is marked as processed in the transaction of its work; a shop is found by identifiers that we stored, never by metadata;
no call over the network is made inside a transaction. docs/billing.md has the states and the calendar.
"""
