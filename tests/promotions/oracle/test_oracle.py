"""The engine agrees with the oracle on random carts. Both cores, well under three minutes; the seed is printed."""

import multiprocessing
import secrets

import pytest

from tests.promotions.oracle.check import BEYOND, Outcome, run
from tests.promotions.oracle.rewards import MONEY

CARTS = 50_000
WITH_SEVEN = 600
SHOWN = 10
SEEN = (
    *(f"applied {kind}" for kind in (*MONEY, "gift", "points_multiplier", "issue_coupon")),
    *(f"skipped {reason}" for reason in (
        "SCHEDULE", "NO_COUPON", "NOT_MET", "LIMIT", "OUTBID", "EXCLUDED", "NO_UNITS", "NO_EFFECT", "FLOOR", "CAP",
    )),
    "cut FLOOR", "cut LIMIT", "cut CAP", "gap", "4 applied",
)  # fmt: skip


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """One run for the module."""
    seed = secrets.randbelow(10**9)
    print(f"oracle seed {seed}")
    return run(seed, CARTS, WITH_SEVEN, processes=max(multiprocessing.cpu_count(), 2))


@pytest.mark.oracle
def test_engine_and_oracle_agree_on_random_carts(outcome: Outcome) -> None:
    assert outcome.carts == CARTS + WITH_SEVEN
    if outcome.failures:
        few = "\n".join(outcome.failures[:SHOWN])
        pytest.fail(f"{len(outcome.failures)} of {outcome.carts} disagree\n{few}", pytrace=False)


@pytest.mark.oracle
@pytest.mark.parametrize("what", SEEN)
def test_the_random_carts_meet_every_rule_a_hundred_times(outcome: Outcome, what: str) -> None:
    assert outcome.seen[what] >= 100


@pytest.mark.oracle
def test_hardly_a_cart_of_seven_that_compete_needs_more_work_than_a_quote_may_cost(outcome: Outcome) -> None:
    assert outcome.seen[BEYOND] <= WITH_SEVEN // 50
