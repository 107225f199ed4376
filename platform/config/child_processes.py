"""The processes that `laxin up` runs besides the embedded servers: web, worker, beat and the stand-in for Stripe."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from config.embedded import process
from config.env import Env

RESTARTS, WITHIN_SECONDS = 5, 60.0
STOP_SECONDS = 15
STAND_IN = "stripe"


class Child:
    """A process that shall run until it is stopped, and its budget of restarts."""

    def __init__(self, name: str, arguments: list[str], *, log: Path, environ: Mapping[str, str], cwd: Path) -> None:
        self.name = name
        self.log = log
        self._command = [sys.executable, "-m", *arguments]
        self._environ = environ
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts: list[float] = []

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; nothing happens where it runs."""
        if not self.is_running():
            self._process = process.spawn(self._command, log=self.log, environ=self._environ, cwd=self._cwd)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def may_restart(self) -> bool:
        """Whether it has died fewer than `RESTARTS` times within `WITHIN_SECONDS`; each call counts as one death."""
        now = time.monotonic()
        self._restarts = [*(moment for moment in self._restarts if now - moment < WITHIN_SECONDS), now]
        return len(self._restarts) <= RESTARTS

    def ask_to_stop(self) -> None:
        """Begin a clean stop; called once, since a second signal makes a Celery worker drop its tasks."""
        if self._process and self.is_running():
            self._process.terminate()

    def wait_until_stopped(self) -> None:
        """Wait for the end of a process that was asked to stop; force it after `STOP_SECONDS`."""
        if self._process:
            process.wait_or_kill(self._process, STOP_SECONDS)


def list_children(env: Env, environ: Mapping[str, str], cwd: Path, *, with_stand_in: bool) -> list[Child]:
    """Web, beat, worker and, where it is wanted, the stand-in for Stripe, in the order in which they are stopped."""
    celery = ["celery", "--app=config.celery:app", "--no-color", "--quiet", "--workdir", str(cwd)]
    commands = {
        "web": [
            "gunicorn",
            "config.wsgi:application",
            "--no-control-socket",
            "--preload",  # the processes are forks of one that has imported everything: seconds and memory saved
            "--worker-class=gthread",
            f"--workers={env.web_workers}",
            f"--threads={env.web_threads}",
            f"--bind={env.bind}:{env.port}",
            "--timeout=60",
            "--graceful-timeout=10",
            "--limit-request-line=8190",
            "--access-logfile=-",
        ],
        "beat": [*celery, "beat", "--loglevel=INFO", "--pidfile="],
        "worker": [*celery, "worker", "--loglevel=INFO", "--concurrency=2", "--without-gossip", "--without-mingle"],
    }
    if with_stand_in:
        commands[STAND_IN] = ["config.fake_stripe"]
    logs = env.home / "logs"
    return [
        Child(name, arguments, log=logs / f"{name}.log", environ=environ, cwd=cwd)
        for name, arguments in commands.items()
    ]
