"""`make soak`: the fuzz, the chaos and histories of paying for as long as one likes. Interrupted, it goes on.

Each seed of the fuzz and each range of histories is a run of its own; those done are in `.laxin/test-cache/` with what
they ran, so the figures of several calls add up. See docs/runbooks/soak.md.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from argparse import SUPPRESS, ArgumentParser, Namespace
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from tests.settings import TEST_CACHE  # noqa: E402
from tests.support import billing_soak  # noqa: E402
from tests.support.chaos import run_chaos  # noqa: E402
from tests.support.database import TestServer  # noqa: E402
from tests.support.fuzz import Progress, make_shops, run_fuzz  # noqa: E402
from tests.support.live import fresh_database  # noqa: E402
from tests.support.pooler import running_pooler, through  # noqa: E402

KEPT = TEST_CACHE / "soak.json"
KEPT_BILLING = TEST_CACHE / "soak-billing"
PARTS = ("fuzz", "chaos", "billing")
OPERATIONS_OF_A_SEED = 5_000


def main() -> int:
    """Run what was asked for; 1 where something leaked or was lost."""
    arguments = parse()
    with ExitStack() as stack:
        server = stack.enter_context(TestServer.running())
        runs = {"fuzz": fuzz, "chaos": chaos, "billing": billing}
        return next((1 for part in arguments.only or PARTS if runs[part](server, arguments)), 0)


def parse() -> Namespace:
    """The command line."""
    parser = ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000, help="fuzz operations in all, over all calls")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop the fuzz, and the histories, after this"
    )
    parser.add_argument("--shops", type=int, default=50, help="shops of the fuzz")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--chaos-seconds", type=float, default=60)
    parser.add_argument("--chaos-shops", type=int, default=200)
    parser.add_argument("--histories", type=int, default=100_000, help="histories of paying in all, over all calls")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="of the histories")
    parser.add_argument("--turn", type=int, nargs=2, help=SUPPRESS)  # a process of several: which, of how many
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be given several times")
    parser.add_argument("--anew", action="store_true", help="forget the seeds that are done")
    return parser.parse_args()


def fuzz(server: TestServer, arguments: Namespace) -> int:
    """Run seed after seed until there are enough operations or the time is over."""
    done = {} if arguments.anew or not KEPT.exists() else json.loads(KEPT.read_text())
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(fresh_database(server))
        shops = make_shops(arguments.shops)
        stack.enter_context(through(stack.enter_context(running_pooler(server))))
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.operations // OPERATIONS_OF_A_SEED):
            if str(seed) in done:
                continue
            if time.monotonic() - began > arguments.seconds:
                break
            started = time.monotonic()
            progress = run_fuzz(shops, seed=seed, operations=OPERATIONS_OF_A_SEED)
            if progress.leaks:
                print("\n".join(progress.leaks))
                return 1
            done[str(seed)] = note(progress, time.monotonic() - started)
            keep(done)
            print(f"fuzz: {total(done, 'operations'):,} of {arguments.operations:,} operations", flush=True)
    print(
        f"fuzz: no leak and nothing lost in {total(done, 'operations'):,} operations ({total(done, 'transactions'):,}"
        f" transactions, {len(done)} seeds, {len(shops)} shops, one server connection) in {total(done, 'seconds'):,} s"
    )
    return 0


def chaos(server: TestServer, arguments: Namespace) -> int:
    """Kill database backends every five seconds under load."""
    with ExitStack() as stack:
        stack.enter_context(fresh_database(server))
        home = Path(stack.enter_context(TemporaryDirectory(prefix="laxin-soak-")))
        shops = make_shops(arguments.chaos_shops)
        report = run_chaos(
            server, shops, home, seconds=arguments.chaos_seconds, kill_every=5, seed=arguments.first_seed
        )
        print("\n".join([*report.wrong, *report.kills, f"pauses: {[round(each, 2) for each in report.pauses]}"]))
        return 1 if report.wrong else 0


def billing(server: TestServer, arguments: Namespace) -> int:
    """Histories of paying, events lost, late and twice; a process for each core takes every n-th range of seeds."""
    if arguments.anew and arguments.turn is None:
        shutil.rmtree(KEPT_BILLING, ignore_errors=True)
    if arguments.turn is None and arguments.processes > 1:
        failed = _run_all_turns(arguments)
    else:
        with fresh_database(server):
            failed = billing_soak.soak(
                KEPT_BILLING,
                histories=arguments.histories,
                first_seed=arguments.first_seed,
                seconds=arguments.seconds,
                turn=tuple(arguments.turn or (0, 1)),
            )
    if arguments.turn is None:
        print("billing: " + json.dumps(billing_soak.total(KEPT_BILLING), sort_keys=True))
        print("billing: see above what was wrong" if failed else "billing: every account was what Stripe says")
    return failed


def _run_all_turns(arguments: Namespace) -> int:
    """Each process has a server and a database of its own. 1 where one of them found something."""
    passed_on = ["--histories", str(arguments.histories), "--first-seed", str(arguments.first_seed)]
    passed_on += ["--seconds", str(arguments.seconds)]
    turns = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.soak",
                "--only=billing",
                *passed_on,
                "--turn",
                str(which),
                str(arguments.processes),
            ]
        )
        for which in range(arguments.processes)
    ]
    try:
        return max(min(turn.wait(), 1) for turn in turns)
    finally:
        for turn in turns:
            turn.terminate()


def note(progress: Progress, seconds: float) -> dict[str, int]:
    """What is kept of a seed."""
    return {
        "operations": progress.operations,
        "transactions": progress.transactions,
        "seconds": round(seconds),
    }


def total(done: dict[str, dict[str, int]], name: str) -> int:
    """The sum over all seeds."""
    return sum(each[name] for each in done.values())


def keep(done: dict[str, dict[str, int]]) -> None:
    """In one step, so that an interruption loses the seed in work alone."""
    draft = KEPT.with_suffix(".draft")
    draft.write_text(json.dumps(done))
    draft.replace(KEPT)


if __name__ == "__main__":
    sys.exit(main())
