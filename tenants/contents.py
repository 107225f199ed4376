"""What a shop's schema contains: tables with their columns, sequences, triggers. Read from the catalogs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Every schema has these from its migrations, with the ids of its installation.
HISTORY = "django_migrations"
IDENTITIES = ("auth_permission", "django_content_type")
# Not part of a shop's data: an archive must not sign anyone in, nor hold the archive before it.
LEFT_OUT = ("django_session", "usersessions_usersession", "archives_archive", "archives_piece")

# Mails have links that sign people in. An archive knows which were sent, so none is sent twice, but not what they said;
# those that still wait are not in it.
MAILS, MAIL_TEXTS = "messaging_email", frozenset({"text", "html"})

# What people sign in with. Hashes of passwords are guessed at leisure by whoever holds the file; what else is stored
# hashed (keys, tokens, links) was made by chance and is too long to be guessed.
PEOPLE, PASSWORD, NO_PASSWORD = "staff_user", "password", "!"
SECOND_FACTORS = "mfa_authenticator"

_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p')
 GROUP BY c.relname ORDER BY c.relname
"""
_SEQUENCES = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'S' ORDER BY 1"
_TRIGGERED = """
SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = %s::regnamespace AND NOT t.tgisinternal ORDER BY 1
"""
_REFERRING_TO_IDENTITIES = """
SELECT DISTINCT c.relname FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
 WHERE k.contype = 'f' AND k.connamespace = %s::regnamespace
   AND f.relname = ANY(%s) AND c.relname <> ALL(%s) ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, but those that the database works out."""

    name: str
    columns: tuple[str, ...]


def read_tables(cursor: Any, schema: str) -> list[Table]:
    """Return the tables whose rows are a shop's data, by name."""
    cursor.execute(_TABLES, [schema])
    left_out = {HISTORY, *LEFT_OUT, *IDENTITIES}
    return [Table(name, tuple(columns)) for name, columns in cursor.fetchall() if name not in left_out]


def select_rows(schema: str, table: Table, *, credentials: bool) -> str:
    """Return the query of what an archive has of a table; without `credentials` nothing that people sign in with."""
    emptied = dict.fromkeys(MAIL_TEXTS, "") if table.name == MAILS else {}
    where = " WHERE sent_at IS NOT NULL" if table.name == MAILS else ""
    if not credentials and table.name == PEOPLE:
        emptied = {PASSWORD: NO_PASSWORD}
    elif not credentials and table.name == SECOND_FACTORS:
        where = " WHERE false"
    columns = ", ".join(
        f"'{emptied[name]}' AS \"{name}\"" if name in emptied else f'"{name}"' for name in table.columns
    )
    return f'SELECT {columns} FROM {schema}."{table.name}"{where}'  # noqa: S608


def read_sizes(cursor: Any, schema: str, tables: Sequence[Table]) -> dict[str, int]:
    """Return how many bytes each table takes up, without its indexes."""
    cursor.execute(
        "SELECT relname, pg_table_size(oid) FROM pg_class WHERE relnamespace = %s::regnamespace AND relname = ANY(%s)",
        [schema, [table.name for table in tables]],
    )
    return dict(cursor.fetchall())


def read_sequences(cursor: Any, schema: str) -> dict[str, tuple[int, bool]]:
    """Return (last value, whether it was given out) of each sequence of the shop's data."""
    cursor.execute(_SEQUENCES, [schema])
    names = [row[0] for row in cursor.fetchall()]
    left_out = tuple(f"{table}_" for table in (HISTORY, *IDENTITIES))
    names = [name for name in names if not name.startswith(left_out)]
    if not names:
        return {}
    each = " UNION ALL ".join(f"SELECT '{name}', last_value, is_called FROM {schema}.{name}" for name in names)  # noqa: S608
    cursor.execute(each)
    return {name: (last_value, is_called) for name, last_value, is_called in cursor.fetchall()}


def read_tables_with_triggers(cursor: Any, schema: str) -> list[str]:
    """Return the tables that have triggers of our own."""
    cursor.execute(_TRIGGERED, [schema])
    return [row[0] for row in cursor.fetchall()]


def read_tables_referring_to_identities(cursor: Any, schema: str) -> list[str]:
    """Return the tables of data whose rows name a content type or a permission by its id."""
    cursor.execute(_REFERRING_TO_IDENTITIES, [schema, list(IDENTITIES), list(IDENTITIES)])
    return [row[0] for row in cursor.fetchall()]


def read_identities(cursor: Any, schema: str) -> str:
    """Return a digest of the content types and permissions with their ids."""
    cursor.execute(
        "SELECT encode(sha256(convert_to(string_agg(line, E'\\n' ORDER BY line), 'UTF8')), 'hex') FROM ("  # noqa: S608
        f"SELECT concat_ws(' ', 'type', id, app_label, model) AS line FROM {schema}.django_content_type UNION ALL "
        f"SELECT concat_ws(' ', 'permission', id, content_type_id, codename) FROM {schema}.auth_permission) AS lines"
    )
    return str(cursor.fetchone()[0])
