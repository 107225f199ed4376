"""The engine against the oracle: `PYTHONPATH=platform python -m tests.promotions.oracle.check --carts 2000 --seed 7`"""

import argparse
import json
import random
import secrets
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from typing import Any
from unittest.mock import patch

from promotions.engine import InvalidInput, Ruleset, work

from . import judge
from .generator import COMPETING, Case, make
from .notation import write_case
from .shrink import shrink

PIECE = 250
SHRUNK = 5
MANY = 7
BEYOND = "beyond the work of one quote"


@dataclass
class Outcome:
    """What was compared: `seen` counts rewards applied, reasons and cuts; `failures` are texts with a small case."""

    carts: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Another piece of the same run."""
        self.carts += other.carts
        self.seen += other.seen
        self.failures += other.failures


def by_engine(case: Case) -> Any:
    """The engine's quote, its searches as thorough as it takes; a fault of its own, or a refusal, as text."""
    found = in_use(case)
    if isinstance(found, dict) and not found["exact"]:
        with patch.object(work, "LIMIT", sys.maxsize):
            return in_use(case)
    return found


def in_use(case: Case) -> Any:
    """The same, its searches limited as in use: few carts of seven that compete need more."""
    try:
        return Ruleset.compile(case.promotions, case.policy).price(case.facts, explain=True).to_json()
    except InvalidInput as refusal:
        return f"refused: {refusal}"
    except Exception:
        return traceback.format_exc(limit=-3)


def by_oracle(case: Case) -> Any:
    """The oracle's quote."""
    return judge.quote(case.facts, case.promotions, case.policy)


def difference(case: Case) -> str | None:
    """What differs: the parts of the quote, "fault" or "refused"; None where nothing does or it is no case at all."""
    try:
        expected = by_oracle(case)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError, AssertionError):
        return None
    found = by_engine(case)
    if isinstance(found, str):
        return "refused" if found.startswith("refused") else "fault"
    return ", ".join(key for key in expected if expected[key] != found.get(key)) or None


def compare(name: str, case: Case, outcome: Outcome) -> None:
    """One case into `outcome`."""
    expected, limited = by_oracle(case), in_use(case)
    found = limited if isinstance(limited, dict) and limited["exact"] else by_engine(case)
    outcome.carts += 1
    if found != expected:
        kind = difference(case)
        # What is left of a document is refused for many a reason; and a few small cases of a piece are enough.
        if kind != "refused" and len(outcome.failures) < SHRUNK:
            case = shrink(case, lambda less: difference(less) == kind)
            expected, found = by_oracle(case), by_engine(case)
        outcome.failures.append(explain(name, case, expected, found))
    types = {promotion["id"]: [reward["type"] for reward in promotion["then"]] for promotion in case.promotions}
    for entry in expected["applied"]:
        outcome.seen.update(f"applied {kind}" for kind in types[entry["promotion"]])
        outcome.seen.update(f"cut {kind}" for kind in entry["cut"])
    outcome.seen.update(f"skipped {entry['reason']}" for entry in expected["skipped"])
    outcome.seen.update("gap" for entry in expected["skipped"] if "gap" in entry)
    outcome.seen[f"{len(expected['applied'])} applied"] += 1
    outcome.seen[BEYOND] += isinstance(limited, dict) and limited["exact"] < expected["exact"]


def explain(name: str, case: Case, expected: Any, found: Any) -> str:
    """The case, to be copied among the table cases, and what differs."""
    text = [f"--- {name}", json.dumps(asdict(case), ensure_ascii=False), write_case(name, case, expected)]
    if isinstance(found, str):
        return "\n".join([*text, found])
    for key in expected:
        if expected[key] != found.get(key):
            text += [f"  oracle {key}: {json.dumps(expected[key])}", f"  engine {key}: {json.dumps(found.get(key))}"]
    return "\n".join(text)


def cart(seed: int, number: int, competing: int = COMPETING) -> Case:
    """The cart of that number in the run of that seed."""
    return make(random.Random(f"{seed}:{competing}:{number}"), competing)


def run_piece(seed: int, first: int, count: int, competing: int) -> Outcome:
    """Some carts, one after the other."""
    outcome = Outcome()
    for number in range(first, first + count):
        compare(f"seed {seed}, cart {number}, {competing} competing", cart(seed, number, competing), outcome)
    return outcome


def run(seed: int, carts: int, with_many: int, processes: int) -> Outcome:
    """`carts` carts with up to five promotions in a lane and `with_many` with seven, over `processes` processes."""
    outcome = Outcome()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(run_piece, seed, n, min(10, with_many - n), MANY) for n in range(0, with_many, 10)]
        waiting += [pool.submit(run_piece, seed, n, min(PIECE, carts - n), COMPETING) for n in range(0, carts, PIECE)]
        for piece in waiting:
            outcome.add(piece.result())
    return outcome


def main() -> int:
    """Compare and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--carts", type=int, default=1000)
    options.add_argument("--many", type=int, default=0)
    options.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    options.add_argument("--processes", type=int, default=1)
    options.add_argument("--show", type=int, default=5)
    asked = options.parse_args()
    begun = time.monotonic()
    outcome = run(asked.seed, asked.carts, asked.many, asked.processes)
    for text in outcome.failures[: asked.show]:
        print(text)
    for name, count in sorted(outcome.seen.items()):
        print(f"{count:7} {name}")
    print(
        f"seed {asked.seed}: {outcome.carts} carts, {len(outcome.failures)} disagree, {time.monotonic() - begun:.1f} s"
    )
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
