"""The file format of one shop: a compressed tar that is written and read in one pass.

`header.json` says whose it is and which version made it; `tables/NAME/00001` … hold rows as COPY writes them, in
pieces; `manifest.json` comes last with rows and checksums, so a file without it was cut off.
"""

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any, Protocol, Self, cast

from tenants.errors import ArchiveRefused

FORMAT = 1
HEADER, MANIFEST, TABLES = "header.json", "manifest.json", "tables/"
PIECE = 4 << 20  # bytes; a tar needs the length before the contents, so this much is held in memory
# A few compressed bytes can claim to be gigabytes: more than we write is not read. Older versions cut no long row.
MAX_PIECE, MAX_DOCUMENT = 16 * PIECE, PIECE
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, KeyError, TypeError, RecursionError)
_HEADER_HAS = {"shop": dict, "migrations": list, "identities": str, "columns": dict}


class Sink(Protocol):
    """Where an archive goes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What a table's data must add up to."""

    rows: int
    sha256: str


class Summing:
    """Counts and digests rows as they pass; each row of COPY's text ends with the only bare line feed in it."""

    def __init__(self) -> None:
        self._digest, self._rows = hashlib.sha256(), 0

    def add(self, data: bytes) -> None:
        """Take the next bytes into account."""
        self._digest.update(data)
        self._rows += data.count(b"\n")

    def sum(self) -> Sum:
        """Of all that passed."""
        return Sum(self._rows, self._digest.hexdigest())


class ArchiveWriter:
    """Header first, then the tables, then `finish`."""

    def __init__(self, file: Sink, header: dict[str, Any]) -> None:
        self._tar = tarfile.open(fileobj=cast(IO[bytes], file), mode="w|gz", compresslevel=6)  # noqa: SIM115  closed by finish
        self._tables: dict[str, Sum] = {}
        self._put(HEADER, json.dumps({"format": FORMAT, **header}, ensure_ascii=False, indent=2).encode())

    def put_table(self, name: str, chunks: Iterable[bytes]) -> Sum:
        """Write a table's rows as they come."""
        summing, buffer, number = Summing(), bytearray(), 0
        for chunk in chunks:
            summing.add(chunk)
            buffer += chunk
            while len(buffer) >= PIECE:
                number += 1
                self._put(f"{TABLES}{name}/{number:05}", bytes(buffer[:PIECE]))
                del buffer[:PIECE]
        self._put(f"{TABLES}{name}/{number + 1:05}", bytes(buffer))
        self._tables[name] = summing.sum()
        return self._tables[name]

    def finish(self, **more: Any) -> None:
        """Write the manifest and the end of the archive."""
        manifest = {"tables": {name: asdict(each) for name, each in self._tables.items()}, **more}
        self._put(MANIFEST, json.dumps(manifest, indent=2).encode())
        self._tar.close()

    def _put(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, io.BytesIO(data))


class _Member(tarfile.TarInfo):
    """Refused before `tarfile` reads what belongs to it, of which we write none but plain files."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Take a header of 512 bytes apart."""
        member = super().frombuf(buf, encoding, errors)
        limit = MAX_PIECE if member.name.startswith(TABLES) else MAX_DOCUMENT
        if not member.isreg() or not 0 <= member.size <= limit:
            raise _damaged()
        return member


class ArchiveReader:
    """Reads what ArchiveWriter wrote, in its order. Everything raises ArchiveRefused where the file is damaged."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._tar = tarfile.open(fileobj=file, mode="r|gz", tarinfo=_Member)  # noqa: SIM115  the caller closes its file
            name, data = self._next()
            self.header: dict[str, Any] = json.loads(data) if name == HEADER else {}
        except _BROKEN as error:
            raise _damaged() from error
        if not isinstance(self.header, dict) or self.header.get("format") != FORMAT:
            raise ArchiveRefused("This is no archive of a shop, or one of another format.")
        if any(not isinstance(self.header.get(name), kind) for name, kind in _HEADER_HAS.items()):
            raise _damaged()

    def read_tables(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield each table's name and pieces; take all pieces before the next table. `manifest` is there afterwards."""
        name, data = self._read()
        while name.startswith(TABLES):
            table = name.split("/")[1]
            rest: list[tuple[str, bytes]] = []
            yield table, self._read_pieces(table, data, rest)
            name, data = rest[0]
        if name != MANIFEST:
            raise _damaged()
        try:
            manifest = json.loads(data)
            self.sums = {table: Sum(**each) for table, each in manifest["tables"].items()}
            self.sequences = {name: (int(last), bool(used)) for name, (last, used) in manifest["sequences"].items()}
        except (*_BROKEN, AttributeError) as error:
            raise _damaged() from error

    def _read_pieces(self, table: str, data: bytes, rest: list[tuple[str, bytes]]) -> Iterator[bytes]:
        name = f"{TABLES}{table}/"
        while name.startswith(f"{TABLES}{table}/"):
            yield data
            name, data = self._read()
        rest.append((name, data))

    def _read(self) -> tuple[str, bytes]:
        try:
            return self._next()
        except _BROKEN as error:
            raise _damaged() from error

    def _next(self) -> tuple[str, bytes]:
        member = self._tar.next()
        contents = self._tar.extractfile(member) if member is not None and member.isreg() else None
        if member is None or contents is None:
            raise EOFError
        data = contents.read()
        if len(data) != member.size:
            raise EOFError
        return member.name, data


def _damaged() -> ArchiveRefused:
    return ArchiveRefused("The archive is damaged or was cut off. Nothing was restored.")
