"""The job that writes a shop's archive: one at a time, whole or not at all, taken over where its writer dies."""

import io
import re
import tarfile
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from archives import services
from archives.errors import ArchiveRunning
from archives.models import Archive, Piece
from archives.selectors import STALLED, find_archive, read_archive
from archives.services import LIFETIME, ask_for_archive, delete_old_archive, write_archive
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from django.core import mail
from django.db import connections
from django.utils import timezone
from staff.models import User

from tenants.export import export_shop
from tenants.models import Shop
from tenants.restore import restore_shop
from tenants.transaction import tenant_transaction
from tests.support.shops import PASSWORD, ShopClient, owner_email


@pytest.fixture
def now() -> datetime:
    """The work reads the clock."""
    return timezone.now()


@pytest.fixture
def north(live_shops: tuple[Shop, Shop]) -> Shop:
    return live_shops[0]


def ask(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        ask_for_archive(by="chen@north.example", now=now)


def write(shop: Shop) -> bool:
    with tenant_transaction(shop):
        return write_archive()


def fetch(shop: Shop, now: datetime) -> bytes | None:
    with tenant_transaction(shop):
        content = read_archive(now=now)
        return None if content is None else b"".join(content)


def read_all(archive: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = [tar.extractfile(member) for member in tar]
        return b"".join(file.read() for file in files if file)


def names_in(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


def state_of(shop: Shop) -> str:
    with tenant_transaction(shop):
        return Archive.objects.get().state


def add_products(shop: Shop, now: datetime, count: int) -> None:
    with tenant_transaction(shop):
        for number in range(count):
            variants = [VariantInput(sku=f"SKU-{number}", price_minor=500)]
            create_product(data=ProductInput(name=f"Tea {number}", variants=variants), now=now)


def test_what_is_fetched_is_what_the_command_writes_and_a_shop_is_restored_from_it(
    north: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PIECE", 1000)
    add_products(north, now, 50)
    ask(north, now)
    assert write(north)

    archive = fetch(north, now)

    assert archive is not None
    with tenant_transaction(north):
        found = find_archive(now=now)
        assert found is not None
        assert (found.is_ready, found.is_running, found.size) == (True, False, len(archive))
        assert Piece.objects.count() == -(-len(archive) // 1000) > 3
    restored = restore_shop(file=io.BytesIO(archive), slug="second", now=now)
    assert restored.rows == found.rows
    with tenant_transaction(restored.shop):
        assert not Archive.objects.exists()


def test_what_people_sign_in_with_is_in_the_commands_archive_alone(north: Shop, now: datetime) -> None:
    with tenant_transaction(north):
        owner = User.objects.get()
        TOTP.activate(owner, generate_totp_secret())
        [stored] = Authenticator.objects.values_list("data", flat=True)
    secrets = [owner.password.encode(), stored["secret"].encode()]
    ask(north, now)
    write(north)
    whole = io.BytesIO()
    export_shop(shop=north, file=whole, now=now)

    fetched = fetch(north, now)

    assert fetched is not None
    assert [read_all(fetched).count(secret) for secret in secrets] == [0, 0]
    assert [read_all(whole.getvalue()).count(secret) for secret in secrets] == [1, 1]
    copy = restore_shop(file=io.BytesIO(fetched), slug="second", now=now).shop
    with tenant_transaction(copy):
        assert not User.objects.get().has_usable_password()
        assert not Authenticator.objects.exists()


def test_in_a_shop_restored_from_it_people_choose_a_new_password(north: Shop, now: datetime) -> None:
    ask(north, now)
    write(north)
    fetched = fetch(north, now)
    assert fetched is not None
    copy = restore_shop(file=io.BytesIO(fetched), slug="second", now=now).shop
    client, new = ShopClient(copy), "another-bicycle-9"
    sign_in = {"login": owner_email("north"), "password": PASSWORD}

    for password in (PASSWORD, "!"):
        client.post("/console/sign-in/", sign_in | {"password": password})
    assert client.get("/console/").status_code == 302
    client.post("/console/password/", {"email": owner_email("north")})
    found = re.search(r"http://second\.localhost:8000(\S+)", str(mail.outbox[-1].body))
    assert found
    form = client.get(found[1], follow=True).request["PATH_INFO"]
    client.post(form, {"password1": new, "password2": new})
    client.post("/console/sign-in/", sign_in | {"password": new})

    assert client.get("/console/security/").status_code == 200


def test_no_archive_holds_the_one_before_it(north: Shop, now: datetime) -> None:
    ask(north, now)
    write(north)
    ask(north, now)
    write(north)

    archive = fetch(north, now)

    assert archive is not None
    names = names_in(archive)
    assert "tables/catalog_product/00001" in names
    assert [name for name in names if "archives_" in name] == []
    with tenant_transaction(north):
        assert set(Piece.objects.values_list("run", flat=True)) == {Archive.objects.get().run}


def test_there_is_one_job_at_a_time(north: Shop, now: datetime) -> None:
    ask(north, now)
    with pytest.raises(ArchiveRunning):
        ask(north, now)
    write(north)
    ask(north, now)  # in place of the one that is there

    assert state_of(north) == "waiting"
    assert fetch(north, now) is None


def test_of_requests_at_the_same_moment_one_is_taken(north: Shop, now: datetime) -> None:
    together, taken = threading.Barrier(4), []

    def press() -> None:
        try:
            together.wait()
            ask(north, now)
            taken.append(True)
        except ArchiveRunning:
            taken.append(False)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [False, False, False, True]


def test_delivered_twice_it_is_written_once(north: Shop, now: datetime) -> None:
    ask(north, now)
    assert [write(north), write(north)] == [True, False]
    assert write(north) is False
    assert state_of(north) == "ready"


def test_while_it_is_written_no_transaction_of_the_shop_is_held_and_progress_is_seen(
    north: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "SECONDS_BETWEEN_BEATS", 0)
    add_products(north, now, 20)
    seen: list[int] = []
    report = services._PieceFile.report

    def watch(self: Any, done: int, total: int) -> None:
        report(self, done, total)
        with tenant_transaction(north):
            found = find_archive(now=now)
            assert found is not None
            seen.append(found.percent)

    monkeypatch.setattr(services._PieceFile, "report", watch)
    ask(north, now)
    write(north)

    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert 0 <= seen[0] <= seen[-1] <= 99


def test_what_fails_leaves_nothing_behind_and_can_be_started_again(
    north: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*, file: Any, **rest: Any) -> None:
        file.write(b"x" * (services.PIECE + 1))
        raise OSError("the disk is on fire")

    ask(north, now)
    with monkeypatch.context() as patch:
        patch.setattr(services, "export_shop", fail)
        assert write(north)

    assert "the disk is on fire" in caplog.text
    assert (state_of(north), fetch(north, now)) == ("failed", None)
    with tenant_transaction(north):
        assert not Piece.objects.exists()
    ask(north, now)
    assert write(north)
    assert fetch(north, now)


class Killed(BaseException):
    """Ends a run as `kill -9` does: not even its failure is noted."""


def die(*, file: Any, **rest: Any) -> None:
    file.write(b"x" * (services.PIECE + 1))
    raise Killed


def test_the_job_of_a_writer_that_died_is_taken_over_after_a_minute(
    north: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(north, now)
    with monkeypatch.context() as patch:
        patch.setattr(services, "export_shop", die)
        with pytest.raises(Killed):
            write(north)
    assert write(north) is False  # it may still be alive
    with tenant_transaction(north):
        Archive.objects.update(beat_at=now - STALLED - timedelta(seconds=1))
        found = find_archive(now=now)
        assert found is not None
        assert (found.is_running, found.is_stalled) == (True, True)

    assert write(north)

    archive = fetch(north, now)
    assert archive is not None
    assert "manifest.json" in names_in(archive)


def test_a_writer_that_was_only_slow_writes_nothing_more_once_another_one_took_over(
    north: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def be_slow(*, file: Any, **rest: Any) -> Any:
        file.write(b"x" * (services.PIECE + 1))
        with tenant_transaction(north):
            Archive.objects.update(beat_at=now - STALLED - timedelta(seconds=1))
        with monkeypatch.context() as patch:
            patch.setattr(services, "export_shop", export_shop)
            assert write(north)
        return export_shop(file=file, **rest)

    ask(north, now)
    monkeypatch.setattr(services, "export_shop", be_slow)
    write(north)

    assert "was taken over" in caplog.text
    assert state_of(north) == "ready"
    archive = fetch(north, now)
    assert archive is not None
    assert archive[:2] == b"\x1f\x8b"
    with tenant_transaction(north):
        assert Piece.objects.values("run").distinct().count() == 1


def test_after_a_day_it_cannot_be_fetched_and_is_deleted(north: Shop, now: datetime) -> None:
    ask(north, now)
    write(north)
    just_before, after = now + LIFETIME - timedelta(minutes=1), now + LIFETIME + timedelta(minutes=1)
    with tenant_transaction(north):
        assert delete_old_archive(now=just_before) is False
    assert fetch(north, just_before)
    assert fetch(north, after) is None
    with tenant_transaction(north):
        assert find_archive(now=after) is None
        assert delete_old_archive(now=after) is True
        assert not Archive.objects.exists()
        assert not Piece.objects.exists()


def test_another_shop_has_nothing_of_it(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    north, south = live_shops
    ask(north, now)
    write(north)

    assert fetch(south, now) is None
    with tenant_transaction(south):
        assert find_archive(now=now) is None
