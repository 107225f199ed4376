"""The ground floor: small things that every app stands on.

- `money`: integer minor units, currency exponents, rounding and sharing without a float.
- `errors`, `ids`, `outbox`, `idempotency`, `usage`: each module says in its docstring what it promises.

Rules of the house:

- Nothing here imports another app. `money` imports the standard library alone, because the pure promotion engine
  stands on it.
- The kernel grows only by a decision record (`docs/decisions/`); what two apps share by accident stays in the apps.
"""
