"""Messages to people: e-mail now; SMS and WeChat behind the same interface later.

Owns: the e-mail queue and its delivery log.

Invariants: a message is written in the transaction that causes it and sent after the commit by a task, so a request
never waits for a mail server and a rollback sends nothing.
"""
