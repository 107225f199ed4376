"""One shop out of one file, into this installation: whole and verified in one transaction, or not at all."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections, transaction

from tenants.archive import ArchiveReader, Sum, Summing
from tenants.archived_shop import read_shop_fields
from tenants.bootstrap import newest_template_migrations
from tenants.contents import (
    LEFT_OUT,
    Table,
    read_identities,
    read_sequences,
    read_tables,
    read_tables_referring_to_identities,
    read_tables_with_triggers,
)
from tenants.doctor import Finding, find_broken
from tenants.domains import unpack_domains
from tenants.errors import ArchiveRefused, SlugTaken
from tenants.models import DeletedShop, Shop
from tenants.owner_session import as_owner
from tenants.pool import take_schema
from tenants.provisioning import save_shop
from tenants.schemas import drop_schema
from tenants.services import forget_cached_shop
from tenants.slugs import check_slug

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Restored:
    """The shop as it is now, how much came back, and what `laxin doctor` says of it where that was accepted."""

    shop: Shop
    tables: int
    rows: int
    findings: tuple[Finding, ...]
    is_new: bool  # not in the place of another


def restore_shop(
    *,
    file: IO[bytes],
    slug: str | None = None,
    replace: bool = False,
    accept_findings: bool = False,
    public_rows: Callable[[Shop], None] | None = None,
    now: datetime,
) -> Restored:
    """Make a shop of an archive: the same ids, a new schema. Other shops are not touched.

    `slug` gives it another address. With `replace` the shop that has the address now is dropped in the same
    transaction. Nobody sees anything before all invariants of `laxin doctor` hold in it, unless `accept_findings`: a
    shop that was not in order when it was exported should not be lost for it. `public_rows` writes further public rows
    of a shop that is new; one that is replaced keeps what it has.

    Raises ArchiveRefused (damaged, another version, rows that break an invariant), SlugTaken, SlugInvalid.
    """
    archive = ArchiveReader(file)
    about = read_shop_fields(archive.header["shop"])
    slug = slug or str(about["slug"])
    check_slug(slug)
    app_login = str(connections[DEFAULT_DB_ALIAS].settings_dict["USER"])
    with as_owner(), transaction.atomic():
        _check_version(archive.header)
        existing = Shop.objects.select_for_update().filter(slug=slug).first()
        if existing and not replace:
            raise SlugTaken(
                f"There is a shop {slug!r}. Restore under another address with --as, or in its place with --replace."
            )
        schema = take_schema()
        with connection.cursor() as cursor:
            cursor.execute(f'GRANT "{schema}" TO CURRENT_USER, "{app_login}" WITH INHERIT FALSE, SET TRUE')
            rows = _load(cursor, schema, archive)
        shop = _save(existing, schema, slug, about)
        if existing is None:  # a shop that is replaced has its domains still
            unpack_domains(shop=shop, packed=archive.header.get("domains", ()), now=now)
            if public_rows:
                public_rows(shop)
        DeletedShop.objects.filter(slug=slug).delete()
        findings = tuple(islice(find_broken([shop]), SHOWN))
        if findings and not accept_findings:
            said = "\n".join(f"{finding.invariant}: {finding.detail}" for finding in findings)
            raise ArchiveRefused(f"What is in the archive is not in order:\n{said}")
        with connection.cursor() as cursor:
            cursor.execute(f'REVOKE "{schema}" FROM CURRENT_USER')
            if existing:
                drop_schema(cursor, existing.schema_name)
    return Restored(shop=shop, tables=len(rows), rows=sum(rows.values()), findings=findings, is_new=existing is None)


def _check_version(header: dict[str, Any]) -> None:
    theirs, ours = set(header["migrations"]), set(newest_template_migrations() or [])
    if theirs == ours:
        return
    lacking, beyond = sorted(ours - theirs), sorted(theirs - ours)
    said = [f"it lacks {', '.join(lacking[:SHOWN])}"] if lacking else []
    said += [f"it has {', '.join(beyond[:SHOWN])}"] if beyond else []
    raise ArchiveRefused(
        f"The archive was made by another version, {header.get('laxin')}: {'; '.join(said)}. Restore it into an "
        "installation of that version, migrate there and export anew."
    )


def _save(existing: Shop | None, schema: str, slug: str, about: dict[str, Any]) -> Shop:
    values = about | {"slug": slug, "schema_name": schema}
    if existing is None:
        shop = Shop(**values)
        save_shop(shop)
        return shop
    del values["created_at"], values["access"]  # whether it may trade now is not for the past to say
    Shop.objects.filter(pk=existing.pk).update(**values)
    forget_cached_shop(slug)
    return Shop.objects.get(pk=existing.pk)


def _load(cursor: Any, schema: str, archive: ArchiveReader) -> dict[str, int]:
    """Fill the schema and return the rows of each table.

    Our triggers are off meanwhile: balances come with what their entries added up to, and ledgers take no TRUNCATE.
    Foreign keys are checked; whether balances fit their entries is for the doctor to say.
    """
    tables = {table.name: table for table in read_tables(cursor, schema)}
    header = archive.header
    if {name: tuple(columns) for name, columns in header["columns"].items()} != _columns(tables):
        raise ArchiveRefused("The archive's tables are not those of this version.")
    triggered = read_tables_with_triggers(cursor, schema)
    for name in triggered:
        cursor.execute(f'ALTER TABLE {schema}."{name}" DISABLE TRIGGER USER')
    emptied = ", ".join(f'{schema}."{name}"' for name in (*tables, *LEFT_OUT))
    cursor.execute(f"TRUNCATE {emptied}")
    try:
        sums = {name: _copy(cursor, schema, tables[name], pieces) for name, pieces in archive.read_tables()}
        if sums != archive.sums or set(sums) != set(tables):
            raise ArchiveRefused("The archive's checksums do not fit its contents. Nothing was restored.")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks outstanding cannot be altered
    except (psycopg.DataError, psycopg.IntegrityError, IntegrityError, KeyError) as error:
        raise ArchiveRefused(f"The archive's rows are refused by the database: {error}") from error
    _check_identities(cursor, schema, header, sums)
    for name in triggered:
        cursor.execute(f'ALTER TABLE {schema}."{name}" ENABLE TRIGGER USER')
    if set(archive.sequences) != set(read_sequences(cursor, schema)):
        raise ArchiveRefused("The archive's sequences are not those of this version.")
    for name, (last_value, is_called) in archive.sequences.items():
        cursor.execute("SELECT setval(%s::regclass, %s, %s)", [f'{schema}."{name}"', last_value, is_called])
    return {name: each.rows for name, each in sums.items()}


def _columns(tables: Mapping[str, Table]) -> dict[str, tuple[str, ...]]:
    return {name: table.columns for name, table in tables.items()}


def _copy(cursor: Any, schema: str, table: Table, pieces: Iterator[bytes]) -> Sum:
    summing = Summing()
    columns = ", ".join(f'"{name}"' for name in table.columns)
    with cursor.copy(f'COPY {schema}."{table.name}" ({columns}) FROM STDIN') as copy:
        for piece in pieces:
            summing.add(piece)
            copy.write(piece)
    return summing.sum()


def _check_identities(cursor: Any, schema: str, header: Mapping[str, Any], sums: Mapping[str, Sum]) -> None:
    """Content types and permissions have other ids in an installation of another history; few rows name them."""
    if header["identities"] == read_identities(cursor, schema):
        return
    for name in read_tables_referring_to_identities(cursor, schema):
        if sums[name].rows:
            raise ArchiveRefused(f"Rows of {name} name permissions by ids that mean others in this installation.")
