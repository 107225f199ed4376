"""What holds for every quote, whatever the promotions: Hypothesis picks the carts, the generator makes them."""

import copy
import itertools
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from promotions.engine import Quote, Refunded, Ruleset, refund

from tests.promotions.oracle.arithmetic import floor_of_line
from tests.promotions.oracle.cart import Json
from tests.promotions.oracle.generator import LANES, Case, make
from tests.promotions.oracle.judge import DEFAULT_POLICY
from tests.promotions.oracle.refunds import due_for
from tests.promotions.oracle.rewards import MONEY

SEEDS = st.integers(0, 2**32)
CASES = SEEDS.map(lambda seed: make(random.Random(seed)))
few = settings(max_examples=150, deadline=None, print_blob=True)


def priced(case: Case, *, explain: bool = True) -> Quote:
    """The engine's quote."""
    return Ruleset.compile(case.promotions, case.policy).price(case.facts, explain=explain)


def quoted(case: Case) -> Any:
    """The engine's quote as JSON, explained."""
    return priced(case).to_json()


@few
@given(CASES)
def test_the_sums_of_a_quote_agree(case: Case) -> None:
    quote = quoted(case)
    fee = case.facts.get("shipping", 0)
    off_lines = sum(share["amount"] for line in quote["lines"] for share in line["adjustments"])
    off_fee = sum(share["amount"] for share in quote["shipping_adjustments"])
    assert quote["subtotal"] == sum(line["unit_price"] * line["quantity"] for line in case.facts["lines"])
    assert quote["discount"] == off_lines + off_fee == sum(entry["amount"] for entry in quote["applied"])
    assert quote["shipping"] == fee - off_fee
    assert quote["total"] == quote["subtotal"] + fee - quote["discount"]
    for line in quote["lines"]:
        assert line["final"] == line["initial"] - sum(share["amount"] for share in line["adjustments"])
        assert line["final"] == sum(part["final"] * part["count"] for part in line["units"])
        assert line["quantity"] == sum(part["count"] for part in line["units"])


@few
@given(CASES)
def test_nothing_is_negative_or_dearer_than_before(case: Case) -> None:
    quote = quoted(case)
    assert 0 <= quote["shipping"] <= case.facts.get("shipping", 0)
    prices = {line["id"]: line["unit_price"] for line in case.facts["lines"]}
    for line in quote["lines"]:
        assert all(0 <= part["final"] <= prices[line["id"]] and part["count"] > 0 for part in line["units"])
        assert all(share["amount"] > 0 for share in line["adjustments"])


@few
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_lines_promotions_and_coupons_changes_nothing(case: Case, rng: random.Random) -> None:
    before = quoted(case)
    for shuffled in (case.facts["lines"], case.promotions, case.facts.get("coupons", [])):
        rng.shuffle(shuffled)
    assert quoted(case) == before


@few
@given(CASES)
def test_pricing_leaves_its_input_alone_and_says_the_same_without_reasons(case: Case) -> None:
    copied = copy.deepcopy(case)
    quote = quoted(case)
    assert case == copied
    assert priced(case, explain=False).to_json() == quote | {"skipped": None}
    assert Quote.from_json(quote).to_json() == quote


@few
@given(CASES)
def test_every_promotion_is_either_applied_or_skipped(case: Case) -> None:
    quote = quoted(case)
    named = [entry["promotion"] for entry in quote["applied"] + quote["skipped"]]
    assert sorted(named) == sorted(promotion["id"] for promotion in case.promotions)


@few
@given(CASES, st.sampled_from(("over", "no code", "not met", "used up", "no lane")), st.sampled_from(LANES))
def test_a_promotion_that_cannot_apply_changes_nothing(case: Case, why: str, lane: str) -> None:
    before = quoted(case)
    more: Json = {"id": "~", "lane": lane, "priority": 99, "excludes": list(LANES), "exclusive": why == "over"}
    more["then"] = [{"type": "amount_off", "amount": 5000}]
    more |= {
        "over": {"schedule": {"until": case.facts["now"]}},
        "no code": {"coupon": {"codes": ["NOWHERE"]}},
        "not met": {"when": {"fact": "quantity", "op": "gte", "value": 1000}},
        "used up": {"limits": {"total": 1}},
        "no lane": {"schedule": {"until": case.facts["now"]}},
    }[why]
    case.facts["usage"] = case.facts.get("usage", {}) | {"~": {"total": 1}}
    case.promotions.append(more)
    after = quoted(case)
    assert [entry for entry in after["skipped"] if entry["promotion"] != "~"] == before["skipped"]
    assert {**after, "skipped": before["skipped"]} == before


@few
@given(SEEDS, st.sampled_from(("price", "item")), st.sampled_from(("best", "first")))
def test_splitting_a_line_in_two_of_the_same_price_leaves_the_total(seed: int, lane: str, mode: str) -> None:
    """In one consuming lane, without costs. Floors are by the line, and lanes after it see where odd cents went."""
    case = make(random.Random(seed))
    case.policy = {"lanes": [{"lane": lane, "mode": mode}]}
    for promotion in case.promotions:
        promotion["lane"] = lane
    for line in case.facts["lines"]:
        line.pop("unit_cost", None)
    before = quoted(case)
    split = [line for line in case.facts["lines"] if line["quantity"] > 1]
    for line in split:
        line["quantity"] -= 1
        case.facts["lines"].append(line | {"id": line["id"] + " ", "quantity": 1})  # sorts right behind the other
    after = quoted(case)
    assert (after["total"], after["applied"], after["skipped"]) == (
        before["total"],
        before["applied"],
        before["skipped"],
    )


@few
@given(CASES, st.sampled_from((0, 500, 2000)))
def test_no_line_is_sold_below_the_floor_of_the_policy(case: Case, margin_bp: int) -> None:
    case.policy = (case.policy or {}) | {"floor_margin_bp": margin_bp}
    finals = {line["id"]: line["final"] for line in quoted(case)["lines"]}
    for line in case.facts["lines"]:
        if "unit_cost" in line:
            floor = floor_of_line(line["unit_cost"], line["quantity"], margin_bp)
            assert finals[line["id"]] >= min(floor, line["unit_price"] * line["quantity"])


@few
@given(CASES, st.sampled_from((1, 100, 1234, 5000, 10_000)))
def test_goods_are_never_discounted_beyond_the_cap(case: Case, cap_bp: int) -> None:
    case.policy = (case.policy or {}) | {"max_total_discount_bp": cap_bp}
    quote = quoted(case)
    off = sum(line["initial"] - line["final"] for line in quote["lines"])
    assert off <= quote["subtotal"] * cap_bp // 10_000


@few
@given(CASES)
def test_no_promotion_gives_more_than_its_limits(case: Case) -> None:
    limits = {promotion["id"]: promotion.get("limits", {}) for promotion in case.promotions}
    rewards = {promotion["id"]: [reward["type"] for reward in promotion["then"]] for promotion in case.promotions}
    used = case.facts.get("usage", {})
    for entry in quoted(case)["applied"]:
        limit = limits[entry["promotion"]]
        spent = used.get(entry["promotion"], {}).get("discount", 0)
        assert entry["amount"] <= limit.get("discount_per_order", entry["amount"])
        assert entry["amount"] + spent <= limit.get("discount_total", entry["amount"] + spent)
        assert entry["times"] <= limit.get("times_per_order", entry["times"])
        assert entry["amount"] > 0 or not set(rewards[entry["promotion"]]) & set(MONEY)


@few
@given(CASES)
def test_what_excludes_each_other_never_applies_together(case: Case) -> None:
    by_id = {promotion["id"]: promotion for promotion in case.promotions}
    applied = [by_id[entry["promotion"]] for entry in quoted(case)["applied"]]
    assert len(applied) == 1 or not any(promotion.get("exclusive") for promotion in applied)
    for one, other in itertools.permutations(applied, 2):
        assert not {other["id"], other["lane"]} & set(one.get("excludes", []))
    for lane in (DEFAULT_POLICY | (case.policy or {}))["lanes"]:
        money = [p for p in applied if p["lane"] == lane["lane"] and {r["type"] for r in p["then"]} & set(MONEY)]
        assert len(money) <= (lane.get("max") or len(money))


@few
@given(CASES, st.randoms(use_true_random=False), st.sampled_from(("exact", "requalify")))
def test_refunds_step_by_step_are_what_is_due_and_in_the_end_all_that_was_paid(
    case: Case, rng: random.Random, policy: str
) -> None:
    quote, rules = priced(case), Ruleset.compile(case.promotions, case.policy)
    document = quote.to_json()
    units = [line["id"] for line in case.facts["lines"] for _ in range(line["quantity"])]
    rng.shuffle(units)
    earlier: list[Refunded] = []
    returned: Counter[str] = Counter()
    while units:
        count = rng.randint(1, 3)
        step = Counter(units[:count])
        del units[:count]
        returned += step
        back = refund(quote, step, policy, earlier=earlier, facts=case.facts, rules=rules)
        due = due_for(case, document, returned, policy)
        already = sum(refunded.amount for refunded in earlier)
        assert back.amount == max(due - already, 0) == back.goods + back.shipping
        earlier.append(Refunded(step, back.amount))
        assert sum(refunded.amount for refunded in earlier) <= document["total"]
    if earlier:
        assert sum(refunded.amount for refunded in earlier) == document["total"]


@pytest.mark.parametrize("policy", ["exact", "requalify"])
def test_the_second_at_half_price_comes_back_first(policy: str) -> None:
    half = {"id": "half", "lane": "item", "then": [{"type": "nth_unit", "n": 2, "percent_bp": 5000, "group_by": "sku"}]}
    line = {"id": "l1", "sku": "A", "quantity": 2, "unit_price": 1000}
    facts = {"currency": "CNY", "now": "2026-11-21T18:30:00+08:00", "channel": "online", "lines": [line]}
    rules = Ruleset.compile([half])
    assert refund(rules.price(facts), {"l1": 1}, policy, facts=facts, rules=rules).amount == 500
