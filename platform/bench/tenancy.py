"""`laxin bench tenancy`: what a shop costs among many: making, claiming, migrating, exporting, restoring, deleting."""

import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.embedded import process
from config.embedded.postgres import EmbeddedPostgres
from rich.progress import Progress

from bench.installation import production_env, run_command, start_command
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
    "search": "… search of all shops for its traces",
}


def run(*, environ: Mapping[str, str], shops: int, progress: Progress) -> Report:
    """Make `shops` shops in a throwaway installation and time what is done to one of them and to all."""
    task = progress.add_task(f"{shops} shops", total=4)
    with _installation(environ) as variables:
        found = json.loads(run_command(["bench_fleet", f"--shops={shops}"], variables).splitlines()[-1])
        progress.advance(task)
        rows = [Row(LABELS[name], _summary(times), None) for name, times in found["figures"].items()]
        more = variables | {"DJANGO_SETTINGS_MODULE": "bench.fleet_settings"}
        runs = {
            "starting `laxin`": _watch(["shop", "list"], variables),
            f"no-op migrate of {shops} (≤ 10,000)": _watch(["migrate"], variables),
            f"column + index in {shops} (≤ 60,000)": _watch(["migrate"], more),
        }
        rows += [Row(label, _summary([watched.milliseconds]), None) for label, watched in runs.items()]
        progress.advance(task, 3)
    before, after = found["backend_mb"]
    start, nothing, column = runs.values()
    memory = (
        f"a database backend that visited them all grew from {before} to {after} MB, of those that are replaced "
        f"the largest ({found['recycled']['backends']} served) to {found['recycled']['mb']} MB; `laxin` takes "
        f"{start.peak_mb} MB, a no-op migrate {nothing.peak_mb} MB, a migrate that works {column.half_mb} MB up to "
        f"the middle and {column.peak_mb} MB in all"
    )
    return Report("tenancy", f"{shops} shops; {memory}", tuple(rows))


@dataclass(frozen=True, slots=True)
class Watched:
    """How long a command ran, and its largest resident memory in the first half of that and in all."""

    milliseconds: float
    half_mb: float
    peak_mb: float


def _watch(arguments: list[str], environ: Mapping[str, str]) -> Watched:
    """Run a command to its end and look at its memory ten times a second."""
    seen: list[tuple[float, float]] = []
    began = time.perf_counter()
    with start_command(arguments, environ) as command:
        while command.poll() is None:
            seen.append((time.perf_counter() - began, _resident_mb(command.pid)))
            time.sleep(0.1)
    seconds = time.perf_counter() - began
    if command.returncode != 0:
        raise process.EmbeddedServerError(f"`laxin {' '.join(arguments)}` failed with exit code {command.returncode}.")
    half = max((mb for at, mb in seen if at < seconds / 2), default=0.0)
    return Watched(seconds * 1000, half, max(mb for _, mb in seen))


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)  # a process that has just ended has none
    return round(int(found[1]) / 1024, 1) if found else 0.0


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
