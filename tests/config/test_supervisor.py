"""`laxin up` itself: real servers, real processes, signals as a terminal or an impatient person sends them."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis
from config import ports, run_state
from config.child_processes import Child
from config.embedded import process
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.valkey import EmbeddedValkey
from config.env import Env
from stripe import StripeClient

from tests.config.test_embedded_postgres import wait_until

LAXIN = [sys.executable, "-m", "config.cli"]
READY_SECONDS = 120
NOBODY = 65534


class Up:
    """A `laxin up --without-demo` on `home`, its output in a file."""

    def __init__(self, home: Path, prefix: list[str] | None = None, **variables: str) -> None:
        self.home = home
        self.prefix = prefix or []
        self.environ = (
            clean_environ() | {"LAXIN_HOME": str(home), "LAXIN_PORT": str(process.find_free_port())} | variables
        )
        self.output = Path(tempfile.mkstemp(prefix="laxin-up-", suffix=".txt")[1])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Up":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*self.prefix, *LAXIN, "up", "--without-demo"],
                env=self.environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS
        while "Ctrl-C stops everything" not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)

    def text(self) -> str:
        return self.output.read_text()

    def send(self, number: signal.Signals) -> int:
        """Send a signal to the supervisor alone and wait for its end; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another `laxin` command on the same home."""
        return subprocess.run(
            [*self.prefix, *LAXIN, *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def processes(self) -> list[int]:
        """All that was started for this home and lives."""
        found = {pid for name in ("postgres", "valkey") for pid in process.find_by_folder(self.home / name)}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if f"LAXIN_HOME={self.home}\0".encode() in (entry / "environ").read_bytes():
                    found.add(int(entry.name))
            except OSError:
                continue
        return sorted(pid for pid in found if run_state.process_started(pid) is not None)


def clean_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LAXIN_", "DJANGO_", "PYTEST"))}


@contextmanager
def running(home: Path, *, prefix: list[str] | None = None, **variables: str) -> Iterator[Up]:
    up = Up(home, prefix, **variables).start()
    try:
        up.wait_until_ready()
        yield up
    finally:
        assert up.process is not None
        if up.process.poll() is None:
            up.send(signal.SIGTERM)
        for pid in up.processes():  # nothing, unless a test failed
            os.kill(pid, signal.SIGKILL)
        up.output.unlink()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One home for all these tests: only the first start has to make the tables."""
    with tempfile.TemporaryDirectory(prefix="laxin-up-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o711)
        yield folder


@pytest.fixture(scope="module")
def up(home: Path) -> Iterator[Up]:
    """One that runs while several tests look at it."""
    with running(home) as shared:
        yield shared


def test_it_says_where_everything_is(up: Up) -> None:
    port = up.environ["LAXIN_PORT"]

    info = up.run("info", "--json")

    document = json.loads(info.stdout)
    assert info.returncode == 0
    assert set(document) == {"base_url", "demo", "database_url", "app_database_url", "ready"}
    assert (document["base_url"], document["ready"]) == (f"http://localhost:{port}", True)
    assert f"http://localhost:{port}/" in up.text()
    assert f"http://localhost:{port}/mails/" in up.text()
    with psycopg.connect(document["app_database_url"]) as connection:
        assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("off",)


def test_a_second_start_on_the_same_data_names_the_first(up: Up) -> None:
    assert up.process is not None
    first = f"http://localhost:{up.environ['LAXIN_PORT']} (pid {up.process.pid})"

    second = up.run("up")

    assert second.returncode == 1
    assert f"Laxin already runs on {up.home}: {first}" in second.stderr
    assert up.run("info").returncode == 0


def test_the_stand_in_for_stripe_is_not_served_to_others(tmp_path: Path) -> None:
    """Nor by hand, past `laxin up`."""
    up = Up(tmp_path, LAXIN_BIND="0.0.0.0")

    refused = up.run("up")
    by_hand = subprocess.run(
        [sys.executable, "-m", "config.fake_stripe"],
        env=up.environ | {"LAXIN_STRIPE_URL": "http://localhost:1", "LAXIN_STRIPE_KEY": "sk_test_1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert refused.returncode == by_hand.returncode == 1
    assert "LAXIN_STRIPE_STAND_IN=network" in refused.stderr
    assert "LAXIN_STRIPE_STAND_IN=network" in by_hand.stderr
    assert not (tmp_path / "postgres").exists()


def test_data_in_use_are_not_deleted(up: Up) -> None:
    refused = up.run("clean")

    assert (refused.returncode, refused.stderr) == (2, "Laxin runs on this data. Stop it first: make down\n")
    assert up.run("info").returncode == 0


def test_the_stand_in_for_stripe_knows_what_it_knew_before_a_restart(up: Up) -> None:
    env = Env.load(up.environ)
    assert env.stripe_url is not None
    client = StripeClient(env.stripe_key, base_addresses={"api": env.stripe_url})
    customer = client.v1.customers.create({"email": "owner@shop.example"})
    (pid,) = [pid for pid in up.processes() if "config.fake_stripe" in command_of(pid)]

    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: "The stripe process ended" in up.text(), 60)
    wait_until(lambda: not ports.is_free("127.0.0.1", int(env.stripe_url.rpartition(":")[2])), 60)

    assert client.v1.customers.retrieve(customer.id).email == "owner@shop.example"


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def test_what_dies_is_started_again(up: Up) -> None:
    data = up.home / "postgres"
    children = [int(pid) for pid in run_state.read(up.home)["children"]]
    (postgres,) = [pid for pid in process.find_by_folder(data) if is_leader(pid, data)]

    for pid in (*children, postgres):
        os.kill(pid, signal.SIGKILL)

    wait_until(lambda: up.text().count("ended with exit code -9") == 4, 60)
    wait_until(lambda: "PostgreSQL ended unexpectedly" in up.text(), 60)
    wait_until(lambda: up.run("info").returncode == 0, 60)


def is_leader(pid: int, folder: Path) -> bool:
    parent = run_state.process_parent(pid)  # None: a backend that ended just now
    return parent is not None and parent not in process.find_by_folder(folder)


def test_a_killed_one_takes_all_with_it_and_ctrl_c_leaves_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="laxin-up-") as name:
        home = Path(name).resolve()
        home.chmod(0o711)
        with running(home) as up:
            assert len(up.processes()) > 5
            assert up.send(signal.SIGKILL) == -9
            wait_until(lambda: up.processes() == [])
            assert (home / "run.json").exists()

        with running(home) as up:
            assert up.send(signal.SIGINT) == 0

            assert up.processes() == []
            assert up.text().endswith("Everything is stopped.\n")
            assert not (home / "run.json").exists()
            assert up.run("info", "--json").returncode == 1
            for lock in ("lock", "postgres.lock", "valkey.lock"):
                free = process.Lock(home / lock)
                assert free.acquire()
                free.release()


def test_it_can_be_stopped_while_it_starts(server_home: Path) -> None:
    up = Up(server_home).start()
    wait_until(lambda: "PostgreSQL" in up.text() or "Browser files" in up.text())

    assert up.send(signal.SIGINT) == 0

    assert up.processes() == []
    assert "Traceback" not in up.text()
    up.output.unlink()


def test_a_taken_port_is_named_with_its_holder_and_nothing_is_started(server_home: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        refused = Up(server_home, LAXIN_PORT=str(port)).run("up")

    assert refused.returncode == 1
    assert f"Port {port} is taken by pid {os.getpid()} (" in refused.stderr
    assert f"LAXIN_PORT={port + 1} make up" in refused.stderr
    assert refused.stdout == ""
    assert not (server_home / "run.json").exists()
    assert not (server_home / "postgres").exists()


def test_servers_of_ones_own_are_used_and_left_running(server_home: Path) -> None:
    home = server_home / "home"
    with EmbeddedPostgres(server_home, fsync=False) as postgres, EmbeddedValkey(server_home) as valkey:
        owner = postgres.urls().owner
        with running(home, LAXIN_DATABASE_URL=owner, LAXIN_BROKER_URL=valkey.url()) as up:
            assert json.loads(up.run("info", "--json").stdout)["database_url"] == owner
            assert not (home / "postgres").exists()
            assert not (home / "valkey").exists()

            down = up.run("down")

            assert (down.returncode, up.process and up.process.wait(10)) == (0, 0)
            assert down.stdout.startswith(f"Stopped Laxin at http://localhost:{up.environ['LAXIN_PORT']} (pid ")
            assert up.processes() == []
            assert "does not run" in up.run("down").stdout
        assert redis.Redis.from_url(valkey.url()).ping() is True
        with psycopg.connect(postgres.urls().owner) as connection:
            assert connection.execute("SELECT count(*) > 0 FROM tenants_shoptemplate").fetchone() == (True,)


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests are run by an ordinary user already")
def test_an_ordinary_user_can_run_it_too() -> None:
    """Reading everything is left to the account, since the interpreter may lie below /root; nothing else is."""
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    subprocess.run([sys.executable, "-m", "config.frontend_build"], check=True)
    with tempfile.TemporaryDirectory(prefix="laxin-user-") as name:
        os.chown(name, NOBODY, NOBODY)
        folder = Path(name).resolve() / "home"
        with running(folder, prefix=[*prefix, *reading], HOME=name) as up:
            owners = {Path(f"/proc/{pid}").stat().st_uid for pid in up.processes()}
            assert owners == {NOBODY}
            assert (folder / "postgres").stat().st_uid == NOBODY
            assert folder.stat().st_mode & 0o777 == 0o700
            assert up.send(signal.SIGINT) == 0
            assert up.processes() == []
        assert "Deleted" in up.run("clean").stdout
        assert not folder.exists()


def test_a_child_may_die_five_times_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    child = Child("web", [], log=Path("unused"), environ={}, cwd=Path())

    assert [child.may_restart() for _ in range(6)] == [True] * 5 + [False]
    clock[0] = 61.0
    assert child.may_restart()
