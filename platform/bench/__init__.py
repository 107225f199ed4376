"""`laxin bench`: the published figures, reproducible on any machine.

Owns no tables. Each benchmark starts a throwaway installation of its own (embedded PostgreSQL in a temporary folder,
the real web server), fills it, and measures our answer and the *floor* in turn: the same answer by one hand-written
statement through a prepared connection behind a bare web server. Absolute times mean little on shared machines;
the ratios of one run do. It never touches the data of an installation.
"""
