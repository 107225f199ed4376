"""`laxin migrate`: bring public and every shop up to date. In place of Django's command, which knows one schema."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tenants.bootstrap import Watcher, bring_up_to_date
from tenants.fleet import FleetError, ShopResult

FEW = 20


class Command(DjangoMigrate):
    """A subclass only because Django's checks look at its attributes."""

    help = "Bring the public tables, the template of shops and every shop up to date. After a crash, run it again."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """There is one target, the migrations on disk."""
        parser.add_argument("--keep-going", action="store_true", help="carry on with the others when a shop fails")
        parser.add_argument("--processes", type=int, metavar="N", help="shops at once (default: one a core)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was done: every shop with `-v 2` or where they are few, always those that failed."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
            try:
                done = bring_up_to_date(
                    keep_going=options["keep_going"], processes=options["processes"], watcher=_Bar(progress)
                )
            except FleetError as error:
                raise CommandError(f"{error}\nMend the cause and run `laxin migrate` again.") from error
        shops = [line for line in done if line.startswith("shop ")]
        if len(shops) > FEW and options["verbosity"] < 2:
            done = [*(line for line in done if line not in set(shops)), f"{len(shops)} shops"]
        for line in done or ["The database is up to date."]:
            self.stdout.write(line)


class _Bar(Watcher):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def begin(self, shops: int) -> None:
        self._task = self._progress.add_task("shops", total=shops)

    def note(self, result: ShopResult) -> None:
        self._progress.advance(self._task)
