"""The one job: ask for it, do it, clear it away. Inside a tenant transaction."""

import logging
import time
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from archives.errors import ArchiveRunning
from archives.models import Archive, Piece
from archives.selectors import STALLED
from tenants.export import export_shop
from tenants.models import Shop
from tenants.transaction import current_shop, outside, tenant_transaction

LIFETIME = timedelta(days=1)
PIECE = 1 << 20  # bytes
SECONDS_BETWEEN_BEATS = 1.0
logger = logging.getLogger(__name__)


def ask_for_archive(*, by: str, now: datetime) -> None:
    """Note that an archive is wanted, in place of the one there was; the caller sends `archives.tasks.write_archive`.

    `by` is a name to be read. Raises `ArchiveRunning`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO archives_archive AS a (id, state, run, asked_by, asked_at, beat_at, done, total, size, rows)
            VALUES (1, 'waiting', 1, %(by)s, %(now)s, %(now)s, 0, 0, 0, 0)
            ON CONFLICT (id) DO UPDATE SET state = 'waiting', run = a.run + 1, asked_by = excluded.asked_by,
                asked_at = excluded.asked_at, beat_at = excluded.beat_at, done = 0, total = 0, size = 0, rows = 0,
                expires_at = NULL
             WHERE a.state IN ('ready', 'failed') OR a.beat_at <= %(stalled)s
            """,
            {"by": by[:254], "now": now, "stalled": now - STALLED},
        )
        if not cursor.rowcount:
            raise ArchiveRunning(_("An archive is being written already. Wait until it is there."))
    Piece.objects.all().delete()


def write_archive() -> bool:
    """Write the archive that is waited for, or that whoever wrote it gave up; tell whether there was one to write.

    Leaves the tenant transaction while it writes. What goes wrong is logged, and the job has failed.
    """
    shop, run = current_shop(), _claim()
    if run is None:
        return False
    with outside():
        try:
            file = _PieceFile(shop, run)
            exported = export_shop(shop=shop, file=file, now=timezone.now(), credentials=False, progress=file.report)
            file.finish(rows=exported.rows)
        except _TakenOver:
            logger.warning("Run %s of the archive of %s was taken over by another one", run, shop.slug)
        except Exception:
            logger.exception("The archive of %s failed", shop.slug)
            with tenant_transaction(shop):
                if _held_by(run).update(state=Archive.State.FAILED):
                    Piece.objects.filter(run=run).delete()
    return True


def delete_old_archive(*, now: datetime) -> bool:
    """Delete the file that has expired; tell whether there was one."""
    deleted = Archive.objects.filter(expires_at__lte=now).delete()[0] > 0
    if deleted:
        Piece.objects.all().delete()
    return deleted


def _claim() -> int | None:
    """Take the job: nobody else writes from here on, not even who held it and was slow."""
    with connection.cursor() as cursor:
        now = timezone.now()
        cursor.execute(
            "UPDATE archives_archive SET state = 'writing', run = run + 1, beat_at = %(now)s, done = 0"
            " WHERE state = 'waiting' OR (state = 'writing' AND beat_at <= %(stalled)s) RETURNING run",
            {"now": now, "stalled": now - STALLED},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    Piece.objects.all().delete()
    return int(row[0])


def _held_by(run: int) -> QuerySet[Archive]:
    return Archive.objects.filter(run=run, state=Archive.State.WRITING)


class _TakenOver(Exception):
    """Another run holds the job."""


class _PieceFile:
    """What is written to it lands in the shop, each piece in a transaction of its own together with a sign of life."""

    def __init__(self, shop: Shop, run: int) -> None:
        self._shop, self._run = shop, run
        self._buffer, self._number, self._size = bytearray(), 0, 0
        self._progress, self._beat_at = (0, 0), time.monotonic()

    def write(self, data: bytes) -> int:
        """Keep it until a piece is full."""
        self._buffer += data
        while len(self._buffer) >= PIECE:
            self._put(bytes(self._buffer[:PIECE]))
            del self._buffer[:PIECE]
        return len(data)

    def report(self, done: int, total: int) -> None:
        """How far the export is; written down now and then."""
        self._progress = done, total
        if time.monotonic() - self._beat_at >= SECONDS_BETWEEN_BEATS:
            with tenant_transaction(self._shop):
                self._beat()

    def finish(self, *, rows: int) -> None:
        """Everything is written: the archive can be fetched from now on."""
        if self._buffer:
            self._put(bytes(self._buffer))
        now = timezone.now()
        with tenant_transaction(self._shop):
            ready = {"state": Archive.State.READY, "size": self._size, "rows": rows, "expires_at": now + LIFETIME}
            if not _held_by(self._run).update(beat_at=now, **ready):
                raise _TakenOver

    def _put(self, data: bytes) -> None:
        self._number += 1
        self._size += len(data)
        with tenant_transaction(self._shop):
            self._beat()
            Piece.objects.create(run=self._run, number=self._number, data=data)

    def _beat(self) -> None:
        done, total = self._progress
        self._beat_at = time.monotonic()
        if not _held_by(self._run).update(beat_at=timezone.now(), done=done, total=total):
            raise _TakenOver
