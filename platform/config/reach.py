"""Whether the PostgreSQL that was named can be reached, told in one line instead of a traceback."""

import psycopg

from config.env import Env

SECONDS = 5


def describe_unreachable(env: Env) -> str | None:
    """Say why the owner's login does not get into its database and what to do; None where it does."""
    owner = env.owner
    if owner is None:
        return None
    try:
        psycopg.connect(str(owner), connect_timeout=SECONDS).close()
    except psycopg.OperationalError as error:
        reason = (str(error).strip() or "no answer").splitlines()[0]
        return (
            f"Cannot reach PostgreSQL at {owner.host}:{owner.port}: {reason}. Start it, or correct LAXIN_DATABASE_URL."
        )
    return None
