"""Promotions: what a shop gives away, when, and how much of it is left.

- `engine/` is the pure function `facts + live promotions + policy → quote`: no database, clock or settings.
- The app around it stores promotions as versions, numbers the rule sets that these make up, compiles and caches any of
  them, and counts what is given (docs/promotions-storage.md).
- Tables owned here: promotions, their versions and their use; the numbers of the rule set. Coupons belong to `coupons`.
- Invariants: a stored document is one that `limits.find_faults` accepts; what is or was live never changes; what
  customers pay comes from one place, `engine.Ruleset.price`; no counter is above its limit; the engine imports nothing
  but the standard library and `kernel.money`.
"""
