"""People who work in a shop and the credentials of programs that act for it.

Owns: users (AUTH_USER_MODEL, signed in by e-mail), roles, invitations, single-use sign-in links, storefront API keys,
the audit log. Users exist in the public schema too, for operators.

Invariants: an e-mail address names one user of a shop, whatever its case; a shop keeps an active owner; nobody hands
out more than the own role may; secrets are stored hashed, those of second factors encrypted; a sign-in link opens one
session, within 60 seconds; entries of the audit log are never changed.
"""
