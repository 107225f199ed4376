"""The command `laxin bench NAME`: run a benchmark, show its figures, or print them as JSON."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from config.embedded.process import EmbeddedServerError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import catalog, checkout, engine, join, tenancy
from bench.report import Report

BENCHMARKS: dict[str, Callable[..., Report]] = {
    "catalog": catalog.run,
    "join": join.run,
    "checkout": checkout.run,
    "engine": engine.run,
    "tenancy": tenancy.run,
}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the named benchmark; the exit code."""
    parser = argparse.ArgumentParser(
        prog="laxin bench", description="Measure against a floor, in a throwaway installation of its own."
    )
    parser.add_argument("name", choices=BENCHMARKS, help="which path to measure")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, floor and Laxin in turn (default 5)")
    parser.add_argument("--operations", type=int, default=200, help="operations of each round (default 200)")
    parser.add_argument("--shops", type=int, default=200, help="size of the fleet of `tenancy` (default 200)")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.operations < 1 or options.shops < 1:
        parser.error("--rounds, --operations and --shops are at least 1")
    size = {"shops": options.shops} if options.name == "tenancy" else {}
    size = size or {"rounds": options.rounds, "operations": options.operations}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            report = BENCHMARKS[options.name](environ=environ, progress=progress, **size)
    except EmbeddedServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the throwaway installation is gone.", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        _show(report)
    return 0


def _show(report: Report) -> None:
    table = Table(title=f"laxin bench {report.name}: {report.about}", title_justify="left")
    for heading in ("", "median ms", "p99 ms", "CPU ms", "… server", "… database", "SQL", "per s", "CPU ÷ floor"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in report.rows:
        figures = row.figures
        table.add_row(
            row.label,
            *(
                f"{figures[name]:.2f}" if figures[name] else "–"  # not measured
                for name in ("median_ms", "p99_ms", "cpu_ms", "server_cpu_ms", "database_cpu_ms", "sql")
            ),
            f"{figures['rate']:.0f}",
            f"{row.ratio_to_floor:.2f}" if row.ratio_to_floor else "1",
        )
    console = Console(width=max(120, Console().width))
    console.print(table)
    console.print(f"{os.cpu_count()} cores; clients, rounds and data: docs/performance.md", style="dim")
