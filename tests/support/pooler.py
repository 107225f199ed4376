"""A real PgBouncer in transaction mode in front of the test server, with one server connection for each login."""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from config.embedded import place, process
from config.embedded.process import Account
from django.db import DEFAULT_DB_ALIAS, connections

from tests.support.database import TestServer

START_SECONDS = 20
CONFIG = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
server_round_robin = 1
server_login_retry = 1
query_wait_timeout = 60
logfile = {log}
"""


@dataclass(frozen=True)
class Pooler:
    """Where it listens, on 127.0.0.1."""

    port: int
    log: Path


def find_program() -> str:
    """The program; scripts/ensure-pgbouncer installs it. Raises FileNotFoundError."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("PgBouncer is not installed: run scripts/ensure-pgbouncer.")
    return found


@contextmanager
def running_pooler(server: TestServer, *, size: int = 1) -> Iterator[Pooler]:
    """Run a PgBouncer that has `size` connections to the test server for each database and login."""
    home = Path(tempfile.mkdtemp(prefix="laxin-pooler-"))
    account = place.choose_account(home / "none")  # it refuses to run as root, as PostgreSQL does
    pooler = Pooler(process.find_free_port(), home / "pgbouncer.log")
    users, config = home / "users.txt", home / "pgbouncer.ini"
    logins = [server.owner_url(server.main), server.app_url(server.main)]
    _write(users, "".join(f'"{login.user}" "{login.password}"\n' for login in logins))
    _write(
        config,
        CONFIG.format(server_port=server.owner.port, port=pooler.port, users=users, size=size, log=pooler.log),
    )
    _hand_over(home, account)
    child = process.spawn(
        [find_program(), "-q", str(config)],
        log=None,
        environ={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        account=account,
        death_signal=SIGKILL,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(pooler.port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PgBouncer did not come up:\n{process.read_tail(pooler.log)}")
            time.sleep(0.02)
        yield pooler
    finally:
        process.stop(child, SIGKILL, 5)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def through(pooler: Pooler) -> Iterator[None]:
    """Send the application login of this process, in all its threads, through the pooler; the owner's stays direct."""
    connection = connections[DEFAULT_DB_ALIAS]
    places = (connection.settings_dict, connections.settings[DEFAULT_DB_ALIAS])
    before = [dict(settings) for settings in places]
    connection.close()
    try:
        for settings in places:
            settings.update(HOST="127.0.0.1", PORT=str(pooler.port))
        yield
    finally:
        connection.close()
        for settings, old in zip(places, before, strict=True):
            settings.update(HOST=old["HOST"], PORT=old["PORT"])


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def _hand_over(home: Path, account: Account | None) -> None:
    if account:
        for path in (home, *home.iterdir()):
            os.chown(path, account.uid, account.gid)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
