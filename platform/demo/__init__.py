"""The demo shop: a grocery chain's real year, loaded through COPY and the domain's services.

Owns no tables; it is a caller like any interface. What becomes of each table of the data, and what is worked out
because the data lack it, is written in docs/demo-data.md.
"""
