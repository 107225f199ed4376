"""The Django project: settings, the reader of the environment, the command line and the embedded servers.

It owns no tables. Invariants: `config.env` alone reads `LAXIN_*` variables; `config.embedded` knows nothing of Django,
so that `laxin up` can start the servers that Django needs.
"""
