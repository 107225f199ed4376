"""`laxin bench tenancy`: what a shop costs among many: making, claiming, migrating, exporting, restoring, deleting."""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.embedded import process
from config.embedded.postgres import EmbeddedPostgres
from rich.progress import Progress

from bench.installation import production_env, run_command
from bench.measure import Samples
from bench.report import Report, Row

# Targets of 1,000 shops on two cores, in milliseconds.
LABELS = {
    "spot": "new shop, pool empty (≤ 1,000)",
    "refill": "one ready schema (≤ 500)",
    "claim": "new shop, from the pool (≤ 50)",
    "export": "export of a small shop (≤ 5,000)",
    "restore": "restore of a small shop (≤ 5,000)",
    "delete": "deletion",
}


def run(*, environ: Mapping[str, str], shops: int, progress: Progress) -> Report:
    """Make `shops` shops in a throwaway installation and time what is done to one of them and to all."""
    task = progress.add_task(f"{shops} shops", total=4)
    with _installation(environ) as variables:
        found = json.loads(run_command(["bench_fleet", f"--shops={shops}"], variables).splitlines()[-1])
        progress.advance(task)
        rows = [Row(LABELS[name], _summary(times), None) for name, times in found["figures"].items()]
        more = variables | {"DJANGO_SETTINGS_MODULE": "bench.fleet_settings"}
        rows.append(Row("starting `laxin`", _time(["shop", "list"], variables), None))
        progress.advance(task)
        rows.append(Row(f"no-op migrate of {shops} (≤ 10,000)", _time(["migrate"], variables), None))
        progress.advance(task)
        rows.append(Row(f"column + index in {shops} (≤ 60,000)", _time(["migrate"], more), None))
        progress.advance(task)
    before, after = found["backend_mb"]
    memory = f"a database backend that visited them all grew from {before} to {after} MB"
    return Report("tenancy", f"{shops} shops; {memory}", tuple(rows))


def _time(arguments: list[str], environ: Mapping[str, str]) -> dict[str, float | int]:
    began = time.perf_counter()
    run_command(arguments, environ)
    return _summary([(time.perf_counter() - began) * 1000])


def _summary(milliseconds: list[float]) -> dict[str, float | int]:
    """By the clock: most of the work is the database's."""
    return Samples(milliseconds=milliseconds, wall_ms=sum(milliseconds)).summary()


@contextmanager
def _installation(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """A database alone; yields the environment of its commands."""
    base = {name: value for name, value in environ.items() if not name.startswith("LAXIN_")}
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="laxin-bench-", ignore_cleanup_errors=True)))
        home.chmod(0o711)
        env = production_env(home, process.find_free_port())
        postgres = EmbeddedPostgres(home)
        urls = postgres.start()
        stack.callback(postgres.remove)
        variables = {**base, **env.with_servers(database_url=urls.owner).to_environ()}
        run_command(["bootstrap"], variables)
        yield variables
