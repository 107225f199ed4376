"""A throwaway installation for a benchmark: own folder, own PostgreSQL and Valkey, own ports; gone afterwards."""

import http.client
import json
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from config.embedded import process
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.valkey import EmbeddedValkey
from config.env import Env, checkout_root

from bench.floor import FUNCTIONS
from bench.measure import Probe, Server

READY_SECONDS = 60
POSTGRES_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "on"}


@dataclass(frozen=True)
class Installation:
    """What a benchmark works with. `seed` is what `laxin bench_seed` printed."""

    laxin: Server
    floor: Server
    laxin_port: int
    floor_port: int
    host: str
    seed: dict[str, Any]
    probe: Probe
    owner_url: str

    def connect(self, *, floor: bool = False) -> http.client.HTTPConnection:
        """A connection of a client, kept open between requests."""
        return http.client.HTTPConnection("127.0.0.1", self.floor_port if floor else self.laxin_port, timeout=60)


def production_env(home: Path, port: int) -> Env:
    """Production settings on servers yet to be started; what is measured sells no subscriptions."""
    return Env.load(
        {
            "LAXIN_HOME": str(home),
            "LAXIN_PORT": str(port),
            "LAXIN_ENV": "production",
            "LAXIN_SECRET_KEY": secrets.token_urlsafe(48),
            "LAXIN_STRIPE_KEY": "sk_unused",
            "LAXIN_STRIPE_WEBHOOK_SECRETS": "whsec_unused",
        },
        with_running=False,
    )


@contextmanager
def throwaway_installation(environ: Mapping[str, str], seed_arguments: list[str]) -> Iterator[Installation]:
    """Start everything in production settings, fill one shop, yield, and leave nothing behind."""
    base = {name: value for name, value in environ.items() if not name.startswith("LAXIN_")}
    with ExitStack() as stack:
        # Not below the installation's own folder: root's database account must be able to enter it.
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="laxin-bench-", ignore_cleanup_errors=True)))
        home.chmod(0o711)
        port = process.find_free_port()
        env = production_env(home, port)
        postgres = EmbeddedPostgres(home, settings=POSTGRES_SETTINGS)
        urls = postgres.start()
        stack.callback(postgres.remove)
        valkey = EmbeddedValkey(home, keep=False)
        env = env.with_servers(database_url=urls.owner, broker_url=valkey.start())
        stack.callback(valkey.stop)
        child_environ = {**base, **env.to_environ()}
        run_command(["bootstrap"], child_environ)
        seed = json.loads(run_command(["bench_seed", *seed_arguments], child_environ).splitlines()[-1])
        floor_file = home / "floor.json"
        floor_file.write_text(json.dumps({"database_url": urls.owner, "schema": seed["schema"]}))
        with psycopg.connect(urls.owner, options=f"-csearch_path={seed['schema']}") as connection:
            connection.execute(FUNCTIONS)
        floor_port = process.find_free_port()
        laxin = _serve(stack, "config.wsgi:application", port, env, child_environ)
        floor = _serve(stack, f"bench.floor:make_application({str(floor_file)!r})", floor_port, env, child_environ)
        for each in (port, floor_port):
            _wait_for(each)
        assert postgres.pid
        probe = Probe(urls.admin, postgres.pid)
        stack.callback(probe.close)
        yield Installation(
            laxin=Server("laxin", laxin),
            floor=Server("floor", floor),
            laxin_port=port,
            floor_port=floor_port,
            host=f"{seed['slug']}.{env.base_host}",
            seed=seed,
            probe=probe,
            owner_url=urls.owner,
        )


def start_command(arguments: list[str], environ: Mapping[str, str]) -> subprocess.Popen[str]:
    """Begin a management command whose output nobody reads."""
    command = [sys.executable, "-m", "config.cli", *arguments]
    return subprocess.Popen(  # noqa: S603 - the command is ours
        command, env=dict(environ), cwd=checkout_root(), stdout=subprocess.DEVNULL, text=True
    )


def run_command(arguments: list[str], environ: Mapping[str, str]) -> str:
    """Run a management command to its end and return what it printed."""
    command = [sys.executable, "-m", "config.cli", *arguments]
    result = subprocess.run(  # noqa: S603 - the command is ours
        command, env=dict(environ), cwd=checkout_root(), stdout=subprocess.PIPE, text=True, check=False
    )
    if result.returncode != 0:
        raise process.EmbeddedServerError(f"`laxin {' '.join(arguments)}` failed with exit code {result.returncode}.")
    return result.stdout


def _serve(stack: ExitStack, application: str, port: int, env: Env, environ: Mapping[str, str]) -> int:
    command = [
        sys.executable, "-m", "gunicorn", application, "--no-control-socket", "--worker-class=gthread",
        f"--workers={env.web_workers}", f"--threads={env.web_threads}", f"--bind=127.0.0.1:{port}",
        "--keep-alive=60", "--log-level=warning",
    ]  # fmt: skip
    child = process.spawn(command, log=env.home / "logs" / f"web-{port}.log", environ=environ, cwd=checkout_root())
    stack.callback(process.stop, child, signal.SIGTERM, 10)
    return child.pid


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.connect()
            return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise process.EmbeddedServerError(f"The web server on port {port} did not start.")
