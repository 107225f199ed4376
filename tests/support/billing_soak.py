"""Histories of paying for as long as one likes: `make soak ARGS='--only billing'`.

Seeds are run in ranges of `RANGE`; those done are kept with what they ran, so an interrupted soak goes on with the next
range and the figures of several calls add up. Every `HTTP_EVERY`th history speaks to the stand-in over real HTTP.
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

Done = dict[str, dict[str, Any]]


def soak(kept: Path, *, histories: int, first_seed: int, seconds: float, anew: bool) -> int:
    """Run range after range; 1 where an account was not what Stripe says."""
    logging.disable(logging.CRITICAL)
    done: Done = {} if anew or not kept.exists() else json.loads(kept.read_text())
    began = time.monotonic()
    shop = get_shop(slug=NORTH)
    for first in range(first_seed, first_seed + histories, RANGE):
        if str(first) in done:
            continue
        if time.monotonic() - began > seconds:
            break
        started = time.monotonic()
        figures: Counter[str] = Counter()
        for number in range(first, min(first + RANGE, first_seed + histories)):
            if faults := run_one(shop, number, figures):
                print("\n".join(faults))
                return 1
        done[str(first)] = {**figures, "seconds": round(time.monotonic() - started)}
        keep(kept, done)
        print(f"billing: {total(done)['histories']:,} of {histories:,} histories", flush=True)
    print("billing: every account was what Stripe says. " + json.dumps(total(done), sort_keys=True))
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


def total(done: Done) -> dict[str, int]:
    """Sums over all ranges."""
    sums: Counter[str] = Counter()
    for each in done.values():
        sums.update(each)
    return dict(sums)


def keep(kept: Path, done: Done) -> None:
    """In one step, so that an interruption loses its range alone."""
    draft = kept.with_suffix(".draft")
    draft.write_text(json.dumps(done))
    draft.replace(kept)
