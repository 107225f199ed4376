"""What holds of every quote, over random carts and promotions."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from promotions.engine import Ruleset

from tests.promotions.engine.carts import a_case, a_promotion, a_reward

Doc = dict[str, Any]
seeds = st.integers(min_value=0, max_value=10**9)


def quoted(facts: Doc, promotions: list[Doc], policy: Doc, *, explain: bool = False) -> Doc:
    return Ruleset.compile(promotions, policy).price(facts, explain=explain).to_json()


@given(seeds)
def test_all_sums_agree_and_nothing_is_negative(seed: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=8)
    facts["shipping"] = seed % 1000

    quote = quoted(facts, promotions, policy)

    assert quote["total"] == sum(line["final"] for line in quote["lines"]) + quote["shipping"]
    assert quote["subtotal"] == sum(line["initial"] for line in quote["lines"])
    assert quote["discount"] == sum(a["amount"] for line in quote["lines"] for a in line["adjustments"])
    assert quote["discount"] == sum(entry["amount"] for entry in quote["applied"])
    assert quote["total"] == quote["subtotal"] - quote["discount"] + quote["shipping"]
    for line, given_line in zip(quote["lines"], sorted(facts["lines"], key=lambda line: line["id"]), strict=True):
        assert line["initial"] == given_line["quantity"] * given_line["unit_price"]
        assert line["initial"] - line["final"] == sum(a["amount"] for a in line["adjustments"])
        assert line["final"] == sum(units["count"] * units["final"] for units in line["units"])
        assert line["quantity"] == sum(units["count"] for units in line["units"])
        finals = [units["final"] for units in line["units"]]
        assert finals == sorted(set(finals), reverse=True)
        assert finals[-1] >= 0
        assert finals[0] <= given_line["unit_price"]
        assert all(a["amount"] > 0 for a in line["adjustments"])


@given(seeds)
def test_the_order_of_lines_promotions_and_coupons_does_not_matter(seed: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=8)
    facts["coupons"] = ["C2", "C1"]
    before = quoted(facts, promotions, policy, explain=True)

    rnd = random.Random(seed)
    for documents in (facts["lines"], facts["coupons"], promotions):
        rnd.shuffle(documents)

    assert quoted(facts, promotions, policy, explain=True) == before


@given(seeds)
def test_a_promotion_that_cannot_apply_changes_nothing(seed: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=6)
    lane = policy["lanes"][0]["lane"]
    rnd = random.Random(seed)
    idle = a_promotion(rnd, "idle", [lane]) | {"priority": 99, "exclusive": rnd.random() < 0.5, "excludes": [lane]}
    idle |= rnd.choice(
        [
            {"when": {"fact": "quantity", "op": "gte", "value": 1000}},
            {"coupon": {"codes": ["NEVER"]}},
            {"schedule": {"until": "2020-01-01T00:00:00Z"}},
            {"then": [{**a_reward(rnd), "scope": {"skus": ["elsewhere"]}}]},
            {"limits": {"per_member": 1}},
        ]
    )
    before = quoted(facts, promotions, policy)

    assert quoted(facts, [*promotions, idle], policy) == before


@given(seeds)
def test_every_promotion_is_either_applied_or_skipped_and_explaining_changes_nothing(seed: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=8)

    explained = quoted(facts, promotions, policy, explain=True)

    ids = [entry["promotion"] for entry in explained["applied"] + explained["skipped"]]
    assert sorted(ids) == sorted(promotion["id"] for promotion in promotions)
    assert [entry["promotion"] for entry in explained["skipped"]] == sorted(
        entry["promotion"] for entry in explained["skipped"]
    )
    assert quoted(facts, promotions, policy) == {**explained, "skipped": None}


@given(seeds, st.integers(min_value=0, max_value=5000))
def test_no_line_is_taken_below_the_policys_floor(seed: int, margin_bp: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=6)
    policy["floor_margin_bp"] = margin_bp

    quote = quoted(facts, promotions, policy)

    for line, given_line in zip(quote["lines"], sorted(facts["lines"], key=lambda line: line["id"]), strict=True):
        cost = given_line.get("unit_cost", 0) * given_line["quantity"]
        assert line["final"] * 10_000 >= cost * (10_000 + margin_bp) or line["final"] == line["initial"]


@given(seeds, st.integers(min_value=1, max_value=10_000))
def test_the_discount_stays_within_the_cap(seed: int, cap_bp: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=6)
    policy["max_total_discount_bp"] = cap_bp

    quote = quoted(facts, promotions, policy)

    assert quote["discount"] <= quote["subtotal"] * cap_bp // 10_000


@given(seeds)
def test_limits_of_an_order_hold(seed: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=4)
    for promotion in promotions:
        promotion["limits"] = {"discount_per_order": 7, "times_per_order": 2}

    quote = quoted(facts, promotions, policy)

    assert all(entry["amount"] <= 7 and entry["times"] <= 2 for entry in quote["applied"])


@given(seeds)
def test_splitting_a_line_leaves_the_total_unchanged(seed: int) -> None:
    facts, promotions, policy = a_case(seed, promotions=3)
    policy.pop("floor_margin_bp", None)
    for promotion in promotions:
        promotion.pop("floor_margin_bp", None)  # a floor holds for each line, so there a split does matter
    before = quoted(facts, promotions, policy)

    line = facts["lines"][0]
    if line["quantity"] > 1:
        facts["lines"].append({**line, "id": line["id"] + "b", "quantity": line["quantity"] - 1})
        line["quantity"] = 1

    after = quoted(facts, promotions, policy)
    assert after["subtotal"] == before["subtotal"]
    if len(promotions) == 1 and len(promotions[0]["then"]) == 1:
        assert after["total"] == before["total"]


def test_a_quantity_of_ten_thousand_keeps_one_run_per_price() -> None:
    facts = {
        "currency": "CNY",
        "now": "2026-11-21T18:30:00+08:00",
        "channel": "online",
        "lines": [{"id": "a", "sku": "A", "quantity": 10_000, "unit_price": 999}],
    }
    promotions = [
        {"id": "p", "lane": "price", "then": [{"type": "percent_off", "percent_bp": 1234}]},
        {"id": "q", "lane": "order", "then": [{"type": "amount_off", "amount": 123_457}]},
    ]

    quote = Ruleset.compile(promotions).price(facts)

    assert len(quote.lines[0].units) == 2
    assert quote.discount == 10_000 * 123 + 123_457


@pytest.mark.parametrize("mode", ["best", "first", "stack"])
def test_a_hundred_competing_promotions_are_priced_in_every_mode(mode: str) -> None:
    facts, _, _ = a_case(7)
    rnd = random.Random(7)
    promotions = [a_promotion(rnd, f"p{n}", ["item"]) for n in range(100)]

    quote = quoted(facts, promotions, {"lanes": [{"lane": "item", "mode": mode}]}, explain=True)

    assert len(quote["applied"]) + len(quote["skipped"]) == 100
    assert quote["discount"] > 0
