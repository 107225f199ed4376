"""Reads of the shop's archive. Inside a tenant transaction."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from archives.models import Archive, Piece
from archives.types import ArchiveState
from tenants.transaction import outside

STALLED = timedelta(minutes=1)  # without a sign of life; the job gives one every few seconds


def find_archive(*, now: datetime) -> ArchiveState | None:
    """The shop's job, None where there is none or its file has expired. One statement."""
    archive = Archive.objects.first()
    if archive is None or (archive.expires_at is not None and archive.expires_at <= now):
        return None
    is_running = archive.state in {Archive.State.WAITING, Archive.State.WRITING}
    return ArchiveState(
        asked_by=archive.asked_by,
        asked_at=archive.asked_at,
        is_running=is_running,
        is_stalled=is_running and archive.beat_at <= now - STALLED,
        is_ready=archive.state == Archive.State.READY,
        is_failed=archive.state == Archive.State.FAILED,
        percent=min(99, 100 * archive.done // archive.total) if archive.total else 0,
        size=archive.size,
        rows=archive.rows,
        expires_at=archive.expires_at,
    )


def read_archive(*, now: datetime) -> Iterator[bytes] | None:
    """The bytes of the finished file, None where there is none. Whoever reads slowly holds no transaction open."""
    run = Archive.objects.filter(state=Archive.State.READY, expires_at__gt=now).values_list("run", flat=True).first()
    return None if run is None else _read_pieces(run)


def _read_pieces(run: int) -> Iterator[bytes]:
    number = 1
    while data := Piece.objects.filter(run=run, number=number).values_list("data", flat=True).first():
        with outside():
            yield bytes(data)
        number += 1
