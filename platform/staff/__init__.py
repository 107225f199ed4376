"""People who work in a shop and the credentials of programs that act for it.

Owns: users (AUTH_USER_MODEL, signed in by e-mail), single-use sign-in links, storefront API keys.
The same tables exist in the public schema for operators.

Invariants: an e-mail address names one user of a shop, whatever its case; secrets are stored hashed; a sign-in link
opens one session, within 60 seconds.
"""
