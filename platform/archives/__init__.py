"""The whole shop as one file, for its own people: written in the background, fetched in the console, gone after a day.

What is in the file and how it is written is `tenants.export`; here is the one job that a shop may have at a time.

Owns: the state of that job (one row), and the file in pieces of a megabyte. They lie in the shop's own schema, not in a
folder or a bucket: workers and web servers share no disk, no address of a file can be guessed, the shop's role alone
reads them, and they go with the shop. An archive holds neither of the two tables.

Invariants: one job at a time; only the run that holds the job writes pieces; a finished archive is complete.
"""
