import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from config import run_state
from config.embedded import place, process
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.process import EmbeddedServerError

KILLED_PARENT = """
import sys, time
from pathlib import Path
from config.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), fsync=False)
print(server.start().owner, flush=True)
time.sleep(600)
"""


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def wait_until(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def start_in_another_process(home: Path) -> tuple["subprocess.Popen[str]", str]:
    parent = subprocess.Popen([sys.executable, "-c", KILLED_PARENT, str(home)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, parent.stdout.readline().strip()


def test_data_and_address_are_the_same_after_a_restart(server_home: Path) -> None:
    server = EmbeddedPostgres(server_home, fsync=False)
    with server:
        first = server.urls()
        query(first.owner, "CREATE TABLE kept AS SELECT 42 AS answer")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first.owner)

    with server:
        again = server.urls()
        assert query(again.owner, "SELECT answer FROM kept") == [(42,)]
    assert again == first
    assert process.find_by_folder(server.data) == []
    assert not (server.data / "postmaster.pid").exists()


def test_the_owner_makes_roles_and_databases_and_is_no_superuser(server_home: Path) -> None:
    with EmbeddedPostgres(server_home, fsync=False) as server:
        url = server.urls().owner
        assert query(
            url,
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = current_user",
        ) == [(False, True, True, False)]
        for extension in ("btree_gist", "citext", "pg_trgm", "unaccent"):
            query(url, f"CREATE EXTENSION {extension}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            query(url, "COPY (SELECT 1) TO PROGRAM 'cat'")


def test_trigram_search_knows_chinese(server_home: Path) -> None:
    with EmbeddedPostgres(server_home, fsync=False) as server:
        url = server.urls().owner
        query(url, "CREATE EXTENSION pg_trgm")
        assert query(url, "SELECT cardinality(show_trgm('收银台')), lower('ÄÖ')") == [(4, "äö")]


def test_only_passwords_on_loopback_open_the_door(server_home: Path) -> None:
    with EmbeddedPostgres(server_home, fsync=False) as server:
        url = server.urls().owner
        wrong = re.sub(r":[^:@]+@", ":wrong@", url)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        assert query(url, "SHOW listen_addresses") == [("127.0.0.1",)]
        admin = server.urls().admin
        assert query(admin, "SHOW unix_socket_directories") == [("",)]
        assert query(admin, "SELECT type, address, auth_method FROM pg_hba_file_rules") == [
            ("host", "127.0.0.1", "scram-sha-256")
        ]
        secrets = server.data / "laxin-secrets.json"
        assert secrets.stat().st_mode & 0o777 == 0o600


def test_a_second_start_on_the_same_data_is_refused_and_harms_nothing(server_home: Path) -> None:
    with EmbeddedPostgres(server_home, fsync=False) as server:
        url = server.urls().owner
        with pytest.raises(EmbeddedServerError, match=f"Another process runs PostgreSQL on {server_home}"):
            EmbeddedPostgres(server_home, fsync=False).start()
        with pytest.raises(EmbeddedServerError, match="is already running"):
            server.start()
        assert query(url, "SELECT 1") == [(1,)]


def test_a_taken_port_is_left_to_its_holder(server_home: Path) -> None:
    server = EmbeddedPostgres(server_home, fsync=False)
    with server:
        old_port = server.port
        assert old_port is not None

    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", old_port))
        holder.listen()
        with server:
            assert server.port != old_port
            assert query(server.urls().owner, "SELECT 1") == [(1,)]


def test_it_dies_with_a_killed_parent_and_starts_again_with_its_data(server_home: Path) -> None:
    parent, url = start_in_another_process(server_home)
    query(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    data = EmbeddedPostgres(server_home).data
    assert process.find_by_folder(data)

    parent.kill()
    parent.wait()

    wait_until(lambda: process.find_by_folder(data) == [])
    with EmbeddedPostgres(server_home, fsync=False) as server:
        assert query(server.urls().owner, "SELECT answer FROM kept") == [(42,)]


def test_a_server_left_behind_is_stopped_by_the_next_start(server_home: Path) -> None:
    server = EmbeddedPostgres(server_home, fsync=False)
    server.start()
    left_behind = server.pid
    assert left_behind is not None
    server._lock.release()  # what the kernel does for a parent that was killed

    with EmbeddedPostgres(server_home, fsync=False) as successor:
        assert successor.pid != left_behind
        assert query(successor.urls().owner, "SELECT 1") == [(1,)]
        assert run_state.process_started(left_behind) is None
    assert server.pid is None


def test_a_crash_leaves_a_stale_pid_file_that_does_not_matter(server_home: Path) -> None:
    server = EmbeddedPostgres(server_home)
    query(server.start().owner, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: process.find_by_folder(server.data) == [])
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))  # the number was given to another process since
    server.stop()

    with server:
        assert query(server.urls().owner, "SELECT answer FROM kept") == [(42,)]


def test_an_interrupted_creation_leaves_nothing_in_the_way(server_home: Path) -> None:
    draft = server_home / ".postgres.draft"
    draft.mkdir()
    (draft / "half").write_text("made")

    with EmbeddedPostgres(server_home, fsync=False) as server:
        assert query(server.urls().owner, "SELECT 1") == [(1,)]
    assert not draft.exists()


def test_a_copy_of_stopped_data_is_a_server_of_its_own(server_home: Path) -> None:
    source = EmbeddedPostgres(server_home, data_name="prepared", fsync=False)
    with source:
        query(source.urls().owner, "CREATE TABLE kept AS SELECT 42 AS answer")
        with pytest.raises(EmbeddedServerError, match="stop it before it is copied"):
            EmbeddedPostgres(server_home, data_name="too-early").copy_from(source)
    copy = EmbeddedPostgres(server_home, data_name="copy", fsync=False)
    copy.copy_from(source)

    with source, copy:
        assert copy.port != source.port
        query(copy.urls().owner, "UPDATE kept SET answer = 43")
        assert query(source.urls().owner, "SELECT answer FROM kept") == [(42,)]
    copy.remove()
    assert not copy.data.exists()
    assert source.data.exists()


def test_data_of_another_major_version_are_refused_by_name(server_home: Path) -> None:
    server = EmbeddedPostgres(server_home, fsync=False)
    with server:
        pass
    (server.data / "PG_VERSION").write_text("15\n")

    with pytest.raises(EmbeddedServerError, match=r"is of PostgreSQL 15, the installed programs are postgres"):
        server.start()


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(server_home: Path) -> None:
    server = EmbeddedPostgres(server_home, fsync=False, settings={"no_such_setting": "1"})

    with pytest.raises(EmbeddedServerError, match='unrecognized configuration parameter "no_such_setting"'):
        server.start()

    assert process.find_by_folder(server.data) == []


def test_a_secluded_home_is_not_opened_to_others(secluded_home: Path) -> None:
    """Under root the data move to where their account can go; an ordinary user keeps them in place."""
    with EmbeddedPostgres(secluded_home, fsync=False) as server:
        assert query(server.urls().owner, "SELECT 1") == [(1,)]
        outside = server.data
        expected = place.ROOTS_PLACE if os.geteuid() == 0 else secluded_home
        assert outside.is_relative_to(expected)
        assert outside.stat().st_mode & 0o777 == 0o700
    assert secluded_home.parent.stat().st_mode & 0o777 == 0o700

    server.remove()

    assert not outside.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user needs no other account")
def test_programs_that_the_account_cannot_read_are_copied(server_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_is_usable", lambda programs, account: False)

    with EmbeddedPostgres(server_home, fsync=False) as server:
        assert server.programs.is_relative_to(server_home)
        assert query(server.urls().owner, "SELECT 1") == [(1,)]
        assert Path(f"/proc/{server.pid}/exe").readlink() == server.programs / "postgres"
