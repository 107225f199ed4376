"""The customer's pages: join by a scanned code, and the wallet.

Owns no tables. Each page comes in one request with everything inline and works without JavaScript; a member is known by
the token in an HttpOnly cookie.
"""
