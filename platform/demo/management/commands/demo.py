"""`laxin demo load [--size small|full]`: fill the demo shop with a grocery chain's real year, once."""

import resource
import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any

from config.env import current
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo.credentials import ensure_shop, write_credentials
from demo.sizes import SIZES
from demo.state import find_loaded_size
from tenants.models import Shop
from tenants.transaction import tenant_transaction


class Command(BaseCommand):
    """Open the demo shop, fill it, and write its sign-ins for `laxin info`."""

    help = "Load the demo shop. Where it is loaded already nothing is done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        load = actions.add_parser("load", help="open and fill the demo shop")
        load.add_argument("--size", choices=list(SIZES), default=current().demo_size)

    def handle(self, *args: Any, **options: Any) -> None:
        """Interrupted by Ctrl-C or SIGTERM, nothing is half-loaded: the next call starts afresh."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        env, now = current(), timezone.now()
        env.home.mkdir(parents=True, exist_ok=True)
        shop, credentials = ensure_shop(home=env.home, now=now)
        with tenant_transaction(shop):
            loaded = find_loaded_size()
        if loaded is None:
            self._load(shop, options["size"])
        elif loaded != options["size"]:
            self.stderr.write(
                f"The demo shop holds the {loaded} data and keeps them. To load the {options['size']} data, delete "
                "this installation's data first: make clean"
            )
        write_credentials(credentials, env=env)

    def _load(self, shop: Shop, size: str) -> None:
        try:
            from demo.load import load_demo  # noqa: PLC0415  its libraries are heavy, and absent without the group
        except ImportError as error:
            raise CommandError(f"{error}. The demo needs the dependency group `demo`: run `uv sync`.") from error
        console = Console(stderr=True, highlight=False)
        started = time.monotonic()
        with _Steps(console) as steps:
            report = load_demo(shop, SIZES[size], now=timezone.now(), step=steps.begin)
        if report is None:
            return
        table = Table(title=f"Demo shop, {size}", title_style="bold", show_header=False)
        for title, count in (
            ("Categories", report.categories),
            ("Products", report.products),
            ("  of these never sold, archived", report.archived),
            ("Members", report.members),
            ("Past orders", report.orders),
            ("Their lines", report.lines),
            ("Lines in the data", report.lines_of_the_year),
            *((f"  left out: {reason}", count) for reason, count in report.left_out.items()),
            ("Past campaigns", report.batches),
            ("Their coupons", report.coupons),
        ):
            table.add_row(title, f"{count:,}")
        table.add_row("Moved by", f"{report.shift_weeks} weeks")
        table.add_row("Took", f"{time.monotonic() - started:.1f} s")
        table.add_row("Memory of the loader", f"{_peak_megabytes():,} MB")
        console.print(table)


class _Steps:
    """The progress of a load: one line a step, on standard error."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task: TaskID | None = None
        self._title = ""

    def __enter__(self) -> "_Steps":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._finish()
        self._progress.stop()

    def begin(self, title: str, total: int | None) -> Any:
        """Begin a step; a second one of the same title tells what the first could not know yet, its size."""
        if title == self._title and self._task is not None:
            self._progress.update(self._task, total=total)
        else:
            self._finish()
            self._task, self._title = self._progress.add_task(title, total=total), title
        task = self._task
        return lambda count: self._progress.advance(task, count)

    def _finish(self) -> None:
        if self._task is not None:
            total = self._progress.tasks[self._task].total or 1
            self._progress.update(self._task, total=total, completed=total)


def _peak_megabytes() -> int:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes // (1024 * 1024 if sys.platform == "darwin" else 1024)
