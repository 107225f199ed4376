"""Real processes on a database of their own: the web server and the Celery worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from uuid import uuid4

from celery import current_app
from config.embedded import process
from django.db import connections

from tenants.models import Shop
from tests.settings import ROOT
from tests.support.database import TestServer

START_SECONDS = 60
# One test after the other has a database of this name: the web server that serves them all is told it once.
LIVE = "laxin_live"


@contextmanager
def fresh_database(server: TestServer, name: str = "") -> Iterator[str]:
    """Point this process at a new copy of the prepared database; drop the copy in the end. Its name."""
    name = name or f"laxin_{uuid4().hex[:12]}"
    server.copy_database(name)
    try:
        server.use(name)
        yield name
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()
        server.use(server.main)
        server.drop_database(name)


def live_database(server: TestServer) -> dict[str, str]:
    """The variables of a process that outlives a test: whichever database is named `LIVE`."""
    return {
        "LAXIN_DATABASE_URL": str(server.owner_url(LIVE)),
        "LAXIN_APP_DATABASE_URL": str(server.app_url(LIVE)),
    }


def child_environ(server: TestServer, home: Path, **variables: str) -> dict[str, str]:
    """The environment of a child process that works on the database in use now."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LAXIN_")},
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
        "LAXIN_ENV": "test",
        "LAXIN_HOME": str(home),
        "LAXIN_DATABASE_URL": str(server.owner_url(server.used)),
        "LAXIN_APP_DATABASE_URL": str(server.app_url(server.used)),
        **variables,
    }


@dataclass
class LiveServer:
    """A real gunicorn of one process and four threads. Names below `localhost` are resolved by browsers alone."""

    port: int
    log: Path
    pid: int

    def url(self, shop: Shop | None = None, path: str = "/") -> str:
        """The address of a page of a shop, or of the public site."""
        host = f"{shop.slug}.localhost" if shop else "localhost"
        return f"http://{host}:{self.port}{path}"

    def begin_anew(self) -> None:
        """From now on a new process serves; what the former one remembered and was doing is gone.

        It is a fork of one that has imported everything, and requests wait for it: the socket stays open.
        """
        serving = _children_of(self.pid)
        for pid in serving:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + START_SECONDS
        while not (left := _children_of(self.pid)) or left & serving:
            if time.monotonic() > deadline:
                raise RuntimeError(f"No new process serves. The end of {self.log}:\n{process.read_tail(self.log, 60)}")
            time.sleep(0.01)


@contextmanager
def live_server(server: TestServer, home: Path, **variables: str) -> Iterator[LiveServer]:
    """Run the web server, on the database in use now unless `variables` name another."""
    port = process.find_free_port()
    log = home / "web.log"
    command = ["gunicorn", "config.wsgi:application", "--no-control-socket", "--preload", "--worker-class=gthread"]
    command += ["--workers=1", "--threads=4", f"--bind=127.0.0.1:{port}", "--graceful-timeout=2"]
    environ = child_environ(server, home, LAXIN_PORT=str(port), **variables)
    with _running(command, environ, log) as child:
        _wait_for(lambda: _answers(port), child, log)
        yield LiveServer(port, log, child.pid)


def _children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@contextmanager
def live_worker(
    server: TestServer, home: Path, broker_url: str, *, include: str = "", **variables: str
) -> Iterator[Path]:
    """Run a Celery worker on the database in use now, and have this process send to its broker. Its log."""
    log = home / "worker.log"
    command = ["celery", "--app=config.celery:app", "worker", "--loglevel=INFO", "--concurrency=2", "--pool=prefork"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += [f"--include={include}"] if include else []
    environ = child_environ(server, home, LAXIN_BROKER_URL=broker_url, **variables)
    with _sending_to(broker_url), _running(command, environ, log) as child:
        _wait_for(lambda: " ready." in process.read_tail(log, 100), child, log)
        yield log


@contextmanager
def _sending_to(broker_url: str) -> Iterator[None]:
    before = current_app.conf.broker_url, current_app.conf.result_backend
    try:
        _set_broker(broker_url, broker_url.removesuffix("/0") + "/1")
        yield
    finally:
        # Results that are deleted later say good-bye to the server, which is gone then, and wait for it to come back.
        app: Any = current_app
        app.backend.remove_pending_result = lambda result: None
        _set_broker(*before)


def _set_broker(broker_url: str, result_backend: str) -> None:
    app: Any = current_app
    app.conf.update(broker_url=broker_url, broker_write_url=None, result_backend=result_backend)
    # What was opened for the former broker is forgotten, as in a forked process.
    app._after_fork()
    app._local.__dict__.pop("backend", None)
    app._backend_cache = None


@contextmanager
def _running(command: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    child = process.spawn([sys.executable, "-m", *command], log=log, environ=environ, cwd=ROOT)
    try:
        yield child
    finally:
        process.stop(child, signal.SIGTERM, 15)


def _wait_for(is_ready: Callable[[], bool], child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The process did not come up. The end of {log}:\n{process.read_tail(log, 60)}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with suppress(OSError, HTTPException):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False
