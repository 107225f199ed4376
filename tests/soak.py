"""`make soak`: the fuzz and the chaos for as long as one likes. Interrupted, the fuzz goes on where it was.

Each seed is a run of its own; those done are in `.laxin/test-cache/soak.json` with what they ran, so the figures of
several calls add up. See docs/runbooks/soak.md.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from tests.settings import TEST_CACHE  # noqa: E402
from tests.support.database import TestServer  # noqa: E402
from tests.support.fuzz import Progress, make_shops, run_fuzz  # noqa: E402
from tests.support.live import fresh_database  # noqa: E402
from tests.support.pooler import running_pooler, through  # noqa: E402

KEPT = TEST_CACHE / "soak.json"
OPERATIONS_OF_A_SEED = 5_000


def main() -> int:
    """Run what was asked for; 1 where something leaked or was lost."""
    arguments = parse()
    with ExitStack() as stack:
        server = stack.enter_context(TestServer.running())
        return fuzz(server, arguments)


def parse() -> Namespace:
    """The command line."""
    parser = ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000, help="fuzz operations in all, over all calls")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop the fuzz after this time")
    parser.add_argument("--shops", type=int, default=50, help="shops of the fuzz")
    parser.add_argument("--first-seed", type=int, default=1)
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
