"""`laxin up`: everything that a running Laxin consists of, started, watched and stopped together.

Order: lock and port, browser files, PostgreSQL, Valkey, the stand-in for Stripe (in development), tables, demo shop,
then web, worker and beat. Whatever was started is stopped in the opposite order, on Ctrl-C, SIGTERM or a failure; a
killed supervisor takes its children with it (Linux) or leaves them to the next start, which recognises and stops them.
"""

import contextlib
import http.client
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from config import info, ports, run_state
from config.child_processes import STAND_IN, Child, list_children
from config.cleanup import stop_leftovers
from config.embedded import process
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.process import EmbeddedServerError
from config.embedded.valkey import EmbeddedValkey
from config.env import Env, checkout_root
from config.fake_stripe import choose_address
from config.home import HomeError, prepare_home
from config.reach import describe_unreachable
from config.steps import Steps

READY_SECONDS = 90
STAND_IN_SECONDS = 15
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartError(RuntimeError):
    """Laxin cannot start or go on; the message says why and what to do."""


class Stopping(Exception):
    """Someone asked us to stop."""


class Supervisor:
    """One `laxin up`."""

    def __init__(self, env: Env, environ: Mapping[str, str], *, with_demo: bool = True) -> None:
        self.env = env
        self._environ = dict(environ)
        self._with_demo = with_demo
        self._steps = Steps()
        self._stopping = threading.Event()
        self._lock = process.Lock(env.home / "lock")
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None
        self._children: list[Child] = []
        self._ready = False

    def run(self) -> int:
        """Run until someone stops it; the exit code: 0 after a clean stop, 1 after a failure."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        try:
            self._start()
            self._watch()
        except Stopping:
            return 0
        except (StartError, EmbeddedServerError, HomeError) as error:
            self._steps.fail(str(error))
            return 1
        finally:
            self._stop()
        return 0

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _check_stop(self) -> None:
        if self._stopping.is_set():
            raise Stopping

    def _start(self) -> None:
        self._begin()
        self._run_command("Browser files", ["config.frontend_build"], log="frontend")
        self._start_servers()
        self._remember()
        loads_demo = self._with_demo and not (self.env.home / info.DEMO_FILE).exists()
        what = ["plans"] if self._children[-1].name == STAND_IN else []
        what += ["demo"] if self._with_demo and not loads_demo else []
        self._run_command("Tables, logins and shops", ["config.prepare", *what], log="setup", show=not loads_demo)
        if loads_demo:
            self._load_demo()
        web, *others = self._children
        with self._step("Web server"):
            web.start()
            self._remember()
            self._wait_until_ready(web)
        with self._step("Worker and beat"):  # after the web server: it is what people wait for
            for child in others:
                child.start()
        self._ready = True
        self._remember()
        info.print_info(self.env, ready=True)
        self._steps.say("[dim]Ctrl-C stops everything. Logs:[/dim] " + str(self.env.home / "logs"))

    def _begin(self) -> None:
        """Take the home folder and the port, or say who has them."""
        if not self.env.stripe_url and (fault := self.env.stand_in_fault):
            raise StartError(fault)
        for warning in self.env.warnings:
            self._steps.warn(warning)
        prepare_home(self.env.home)
        if not self._lock.acquire():
            running = run_state.read_running(self.env.home)
            raise StartError(
                f"Laxin already runs on {self.env.home}: {running.get('base_url', 'it is just starting')}"
                f" (pid {running.get('pid', 'unknown')}). Stop it with `make down`, or choose another LAXIN_HOME."
            )
        stop_leftovers(self.env.home)
        try:
            free = ports.is_free(self.env.bind, self.env.port)
        except OSError as error:
            raise StartError(
                f"Cannot listen on {self.env.bind}:{self.env.port}: {error.strerror}. Set LAXIN_PORT."
            ) from error
        if not free:
            holder = ports.describe_holder(self.env.port) or "another program"
            raise StartError(
                f"Port {self.env.port} is taken by {holder}. "
                f"Stop it, or choose another port: LAXIN_PORT={self.env.port + 1} make up"
            )
        self._remember()

    def _start_servers(self) -> None:
        if self.env.database_url:
            if fault := describe_unreachable(self.env):
                raise StartError(fault)
        else:
            with self._step("PostgreSQL"):
                self._postgres = EmbeddedPostgres(self.env.home)
                self.env = self.env.with_servers(database_url=self._postgres.start().owner)
        if not self.env.broker_url:
            with self._step("Valkey (queue and cache)"):
                self._valkey = EmbeddedValkey(self.env.home)
                self.env = self.env.with_servers(broker_url=self._valkey.start())
        with_stand_in = not self.env.stripe_url  # in production there always is an address
        if with_stand_in:
            self.env = self.env.with_servers(stripe_url=choose_address(self.env))
        self._environ.update(self.env.to_environ())
        self._children = list_children(self.env, self._environ, checkout_root(), with_stand_in=with_stand_in)
        if with_stand_in:
            self._start_stand_in(self._children[-1])

    def _start_stand_in(self, child: Child) -> None:
        """Before the tables: the plans are put into it there."""
        with self._step("Stand-in for Stripe"):
            child.start()
            self._remember()
            port = urlsplit(self.env.stripe_url).port or 80
            deadline = time.monotonic() + STAND_IN_SECONDS
            while ports.is_free(self.env.bind, port):
                self._check_stop()
                if not child.is_running() or time.monotonic() > deadline:
                    raise StartError(f"The stand-in for Stripe does not start:\n{process.read_tail(child.log)}")
                self._stopping.wait(0.05)

    def _load_demo(self) -> None:
        """Takes a while and shows its own progress."""
        self._steps.say("Demo shop: loading a grocery chain's data, once")
        self._run(
            ["config.cli", "demo", "load", "--size", self.env.demo_size], None, "The demo shop could not be loaded"
        )
        self._steps.done("Demo shop")

    def _run_command(self, title: str, arguments: list[str], *, log: str, show: bool = False) -> None:
        path = self.env.home / "logs" / f"{log}.log"
        begin = path.stat().st_size if path.exists() else 0
        with self._step(title):
            self._run(arguments, path, f"{title}: failed")
        if show and (said := path.read_bytes()[begin:].decode(errors="replace").strip()):
            self._steps.note(said)

    def _run(self, arguments: list[str], log: Path | None, failure: str) -> None:
        """Run a Python module to its end; its output goes to `log`, or to the terminal where there is none."""
        command = [sys.executable, "-m", *arguments]
        child = process.spawn(command, log=log, environ=self._environ, cwd=checkout_root())
        try:
            while child.poll() is None:
                self._check_stop()
                self._stopping.wait(0.05)
        finally:
            process.stop(child, signal.SIGTERM, 15)
        self._check_stop()
        if child.returncode != 0:
            detail = f"The end of {log}:\n{process.read_tail(log)}" if log else "See above."
            raise StartError(f"{failure} (exit code {child.returncode}). {detail}")

    def _wait_until_ready(self, web: Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        answer = ""
        while time.monotonic() < deadline:
            self._check_stop()
            if not web.is_running():
                raise StartError(
                    f"The web server ended with exit code {web.exit_code()}. The end of {web.log}:\n"
                    f"{process.read_tail(web.log)}"
                )
            status, answer = ask_ready(self.env)
            if status == 200:
                return
            self._stopping.wait(0.1)
        raise StartError(
            f"Laxin does not become ready: {answer or 'no answer'}. See the logs in {self.env.home / 'logs'}."
        )

    def _watch(self) -> None:
        """Restart what dies, within its budget, until someone asks us to stop."""
        while not self._stopping.wait(0.5):
            if self._postgres and not self._postgres.pid:
                self._restart_server("PostgreSQL", self._postgres.log, self._postgres.stop, self._postgres.start)
            if self._valkey and not self._valkey.pid:
                self._restart_server("Valkey", self._valkey.log, self._valkey.stop, self._valkey.start)
            for child in self._children:
                if not child.is_running():
                    self._restart(child)

    def _restart(self, child: Child) -> None:
        self._steps.warn(f"The {child.name} process ended with exit code {child.exit_code()}; see {child.log}")
        if not child.may_restart():
            raise StartError(f"The {child.name} process ends again and again:\n{process.read_tail(child.log)}")
        child.start()
        self._remember()

    def _restart_server(self, name: str, log: Path, stop: Callable[[], object], start: Callable[[], object]) -> None:
        """Embedded servers that die are rare: a second failure ends it all through `start`'s own error."""
        self._steps.warn(f"{name} ended unexpectedly; starting it again. See {log}")
        stop()
        start()
        self._remember()

    def _remember(self) -> None:
        """Tell other commands where to find us, and the next start whom to stop should we be killed."""
        pids = [child.pid for child in self._children if child.pid]
        env = self.env
        state = {
            "base_url": env.base_url,
            "port": env.port,
            "database_url": env.database_url,
            "app_database_url": env.app_database_url,
            "broker_url": env.broker_url,
            "cache_url": env.cache_url,
            "stripe_url": env.stripe_url,
            "children": {str(pid): run_state.process_started(pid) for pid in pids},
            "ready": self._ready,
        }
        run_state.write(env.home, {name: value for name, value in state.items() if value is not None})

    def _stop(self) -> None:
        if not self._lock.is_held():
            return
        servers = [server for server in (self._postgres, self._valkey) if server]
        if servers or self._children:
            self._steps.say("Stopping …")
        with contextlib.ExitStack() as stack:  # last in, first out; each runs even where another fails
            stack.callback(self._lock.release)
            stack.callback(run_state.remove, self.env.home)
            for server in servers:
                stack.callback(server.stop)
            for child in reversed(self._children):
                stack.callback(child.wait_until_stopped)
            for child in reversed(self._children):
                stack.callback(child.ask_to_stop)
        if servers or self._children:
            self._steps.say("Everything is stopped.")

    @contextlib.contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self._check_stop()
        with self._steps.running(title):
            yield
        self._check_stop()


def ask_ready(env: Env) -> tuple[int, str]:
    """Status and body of /readyz; 0 where nobody answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(env.bind, env.bind)  # noqa: S104  asked, not bound
    connection = http.client.HTTPConnection(host, env.port, timeout=10)
    try:
        connection.request("GET", "/readyz", headers={"Host": env.base_host})
        response = connection.getresponse()
        return response.status, response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
