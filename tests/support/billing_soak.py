"""Histories of paying for as long as one likes: `make soak ARGS='--only billing'`.

Seeds are run in ranges of `RANGE`; each that is done is a file with what it ran, so an interrupted soak goes on with
the next one, several processes take turns, and the figures of several calls add up. Every `HTTP_EVERY`th history speaks
to the stand-in over real HTTP.
"""

import json
import logging
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from billing import gateway
from billing.gateway import Gateway
from tenants.models import Shop
from tenants.selectors import get_shop
from tests.support.histories import MODES, describe, lived_through, prepared_stripe
from tests.support.shops import NORTH
from tests.support.stripe import served

RANGE = 100
HTTP_EVERY = 50
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)

Turn = tuple[int, int]  # (which one, of how many)


def soak(kept: Path, *, histories: int, first_seed: int, seconds: float, turn: Turn) -> int:
    """Run range after range, every n-th of them; 1 where an account was not what Stripe says."""
    logging.disable(logging.CRITICAL)
    kept.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    shop = get_shop(slug=NORTH)
    which, of = turn
    for first in range(first_seed + which * RANGE, first_seed + histories, of * RANGE):
        if file_of(kept, first).exists():
            continue
        if time.monotonic() - began > seconds:
            break
        started = time.monotonic()
        figures: Counter[str] = Counter()
        for number in range(first, min(first + RANGE, first_seed + histories)):
            if faults := run_one(shop, number, figures):
                print("\n".join(faults))
                return 1
        keep(file_of(kept, first), {**figures, "seconds": round(time.monotonic() - started)})
        print(f"billing: {total(kept)['histories']:,} histories", flush=True)
    return 0


def run_one(shop: Shop, number: int, figures: Counter[str]) -> list[str]:
    """One history; what was wrong in the end, with what is needed to see it again."""
    choices = Random(number)
    mode = choices.choice(MODES)
    with ExitStack() as stack:
        fake = stack.enter_context(prepared_stripe(NOW))
        if number % HTTP_EVERY == 0:
            connected = Gateway(key=fake.key, url=stack.enter_context(served(fake)))
            stack.enter_context(patch.object(gateway, "current", lambda: connected))
            figures["over HTTP"] += 1
        history = stack.enter_context(lived_through(shop, fake, choices, mode, choices.randint(4, 20)))
        faults = history.faults()
        if not faults:
            history.bring_old_news()
            faults = history.faults()
        figures["histories"] += 1
        figures["events"] += history.events
        figures[f"mode {mode}"] += 1
        figures[f"status {history.truth().account['status'] or 'none'}"] += 1
        return [describe(history, number), *faults] if faults else []


def total(kept: Path) -> Counter[str]:
    """Sums over all ranges."""
    sums: Counter[str] = Counter()
    for file in kept.glob("*.json"):
        sums.update(json.loads(file.read_text()))
    return sums


def file_of(kept: Path, first: int) -> Path:
    """Of the range that begins with this seed."""
    return kept / f"{first:08}.json"


def keep(file: Path, figures: dict[str, Any]) -> None:
    """In one step, so that an interruption loses its range alone."""
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(figures))
    draft.replace(file)
