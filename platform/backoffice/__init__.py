"""The operators' back office, at /backoffice/ on the public site: shops, what they pay, events, people.

Django's admin in the looks of unfold, on public tables. It owns no table, but makes Django's log of the admin
append-only.
Everything is read there; what changes something is one named action with a reason, kept in that log.

Invariants: nobody enters without a second factor used in this session; a shop's own data are seen only by entering the
shop, which the shop's own audit log tells.
"""
