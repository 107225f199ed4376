"""The public site: what Laxin is, and sign-up.

It owns no tables. A signed-up owner leaves this host by a single-use link to the shop's own.
"""
