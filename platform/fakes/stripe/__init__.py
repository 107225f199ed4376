"""A stateful stand-in for Stripe: its API (version 2026-10-28) as far as Laxin speaks it, its pay and portal pages,
its signed webhooks, and a clock that can be moved.

`app.FakeStripe` is the whole of it as a WSGI application; `server` serves it for `laxin up`; what can be done to it
besides Stripe's API (move the clock, fail payments, hold or lose events) is in `controls`. Parameters and objects are
checked against the definitions of the stripe library in tests/fakes/test_stripe_contract.py: what it does not know is
refused, never ignored.
"""
