"""Promotions: what a shop gives away, when, and how much of it is left.

- `engine/` is the pure function `facts + live promotions + policy → quote`: no database, clock or settings.
- The app around it stores promotion documents, checks them through the engine before they go live, keeps the usage
  counters and hands out compiled rule sets per shop and version.
- Tables owned here: promotions, their versions and their usage. Coupons themselves belong to `coupons`.
- Invariants: a stored document is always one that `engine.validate_promotion` accepts; what customers pay comes from
  one place, `engine.Ruleset.price`; the engine imports nothing but the standard library and `kernel.money`.
"""
