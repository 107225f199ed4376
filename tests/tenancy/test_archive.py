"""The file format: what others may have written is refused before it fills the memory or is believed."""

import io
import json
import tarfile
import tracemalloc
from collections.abc import Mapping

import pytest

from tenants.archive import ArchiveReader, ArchiveWriter
from tenants.archived_shop import read_shop_fields
from tenants.errors import ArchiveRefused

HEADER: Mapping[str, object] = {"shop": {}, "migrations": [], "identities": "", "columns": {}}
MANIFEST: Mapping[str, object] = {"tables": {}, "sequences": {}}
SHOP = {
    "slug": "corner",
    "name": "街角　小店",
    "access": "open",
    "language": "zh-hans",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "phone_region": "CN",
    "created_at": "2026-01-01T00:00:00+00:00",
}


class Zeros(io.RawIOBase):
    """So many bytes that are never all there."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        given = bytes(min(size, self.left))
        self.left -= len(given)
        return given


def pack(header: bytes, *, zeros: tuple[str, bytes] | None = None, manifest: object = MANIFEST) -> io.BytesIO:
    """An archive; `zeros`: the member of this name is of this kind and 128 MiB long, and the last."""
    files = {"header.json": header, "tables/a/00001": b"", "manifest.json": json.dumps(manifest).encode()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            if zeros and name == zeros[0]:
                member.size, member.type = 128 << 20, zeros[1]
                tar.addfile(member, Zeros(member.size))
                break
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    packed.seek(0)
    return packed


def read(file: io.BytesIO) -> int:
    """All of it. How many bytes of rows there were."""
    return sum(len(piece) for _table, pieces in ArchiveReader(file).read_tables() for piece in pieces)


@pytest.mark.parametrize("name", ["header.json", "manifest.json", "tables/a/00001"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_small_file_that_claims_to_be_large_is_refused_unread(name: str, kind: bytes) -> None:
    file = pack(json.dumps({"format": 1, **HEADER}).encode(), zeros=(name, kind))
    assert len(file.getvalue()) < 2 << 20
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveRefused):
            read(file)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_long_row_is_cut_into_pieces_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.archive.PIECE", 1000)
    file = io.BytesIO()
    writer = ArchiveWriter(file, dict(HEADER))
    row = b"x" * 3500 + b"\n"
    assert writer.put_table("a", [b"1\n", row]).rows == 2
    writer.finish(sequences={})
    file.seek(0)
    ((table, pieces),) = [(name, list(each)) for name, each in ArchiveReader(file).read_tables()]
    assert (table, b"".join(pieces)) == ("a", b"1\n" + row)
    assert [len(piece) for piece in pieces] == [1000, 1000, 1000, 503]


@pytest.mark.parametrize(
    "header",
    [
        b"[]", b"1", b"{}", b'{"format": 1}', b"[" * 100_000,
        *(json.dumps({"format": 1, **HEADER, name: 1}).encode() for name in HEADER),
    ],
)  # fmt: skip
def test_a_header_of_another_form_is_refused(header: bytes) -> None:
    with pytest.raises(ArchiveRefused):
        read(pack(header))


@pytest.mark.parametrize(
    "manifest",
    [[], {}, {"tables": []}, {"tables": {}, "sequences": []}, {"tables": {"a": 1}, "sequences": {}}],
    ids=str,
)
def test_a_manifest_of_another_form_is_refused(manifest: object) -> None:
    header = json.dumps({"format": 1, **HEADER}).encode()
    assert read(pack(header)) == 0
    with pytest.raises(ArchiveRefused):
        read(pack(header, manifest=manifest))


def test_a_shop_as_this_version_writes_it_is_understood() -> None:
    fields = read_shop_fields(SHOP)
    assert {name: value for name, value in fields.items() if name != "created_at"} == {
        name: value for name, value in SHOP.items() if name != "created_at"
    }
    assert fields["created_at"].isoformat() == SHOP["created_at"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Europe/Atlantis"), ("time_zone", "../../etc/passwd"), ("time_zone", None), ("language", "tlh"),
        ("currency", "¥"), ("phone_region", "XX"), ("access", "free"), ("name", ""), ("name", "x" * 101),
        ("name", "a\0b"), ("name", 7), ("slug", []), ("created_at", "yesterday"), ("created_at", "2026-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_a_shop_that_this_version_could_not_have_is_refused(name: str, value: object) -> None:
    with pytest.raises(ArchiveRefused, match=f"not understood: {name}"):
        read_shop_fields({**SHOP, name: value})
    with pytest.raises(ArchiveRefused, match="not understood"):
        read_shop_fields({key: each for key, each in SHOP.items() if key != name})
