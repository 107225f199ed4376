"""A shop's members and the bearer tokens that speak for them.

Owns: members, member tokens.

Invariants: one member per canonical phone number (E.164); tokens are stored hashed, expire and can be revoked; an
unverified token opens only what was done with it.
"""
