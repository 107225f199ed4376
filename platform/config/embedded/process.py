"""Starting, recognising and stopping server processes."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config import run_state

CHILD = Path(__file__).with_name("child.py")
LOG_LIMIT = 10 * 1024 * 1024


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """An operating system account that a server runs under."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    log: Path | None,
    environ: Mapping[str, str],
    cwd: Path | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own session; on Linux it gets `death_signal` when we die.

    Its output is appended to `log`, or goes where ours goes.
    The kernel takes the death of the calling *thread*: call from one that lives as long as the server shall.
    """
    uid, gid = (str(account.uid), str(account.gid)) if account else ("-", "-")
    prefix = [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), str(int(death_signal)), uid, gid]
    with open_log(log) if log else contextlib.nullcontext() as output:
        return subprocess.Popen(  # noqa: S603  the commands are ours
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            env=dict(environ),
            cwd=cwd,
            start_new_session=True,  # Ctrl-C in the terminal is for us alone
        )


@contextlib.contextmanager
def open_log(path: Path) -> Iterator[int]:
    """Open `path` for appending, its older part moved aside once it has grown past `LOG_LIMIT`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".old.log"))
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, timeout: float) -> None:
    """Stop a process started by `spawn`; after `timeout` seconds kill it and what it has started."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    wait_or_kill(process, timeout)


def wait_or_kill(process: subprocess.Popen[bytes], timeout: float) -> None:
    """Wait for a process that was told to stop; after `timeout` seconds kill it and what it has started."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout)
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def find_by_folder(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`: servers work in their data. Empty where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found


def stop_leftovers(folder: Path, stop_signal: signal.Signals, timeout: float = 20) -> None:
    """Stop the server in `folder` that a killed parent left behind: its first process politely, then all by force."""
    for number, patience in ((stop_signal, timeout), (signal.SIGKILL, 5.0)):
        alive = find_by_folder(folder)
        if not alive:
            return
        first = [pid for pid in alive if run_state.process_parent(pid) not in {*alive, None}]
        for pid in first if number == stop_signal else alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while find_by_folder(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
    if left := find_by_folder(folder):
        raise EmbeddedServerError(f"Processes {left} still work in {folder} and cannot be stopped. Stop them first.")


class Lock:
    """A file lock held by this process; the kernel lets go of it however the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Whether it is ours now; False where another process holds it."""
        descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def is_held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def release(self) -> None:
        """Let go of it; nothing happens where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def find_free_port(preferred: int | None = None) -> int:
    """A port of 127.0.0.1 that is free now: `preferred` if it is."""
    for port in (preferred, 0):
        if port is not None:
            with socket.socket() as listener, contextlib.suppress(OSError):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", port))
                return int(listener.getsockname()[1])
    raise EmbeddedServerError("No port of 127.0.0.1 is free.")
