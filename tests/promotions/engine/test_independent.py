"""Mode `best`: promotions that cannot influence each other are solved apart; their orderings come together by rank."""

from typing import Any

import pytest
from promotions.engine import Quote, Ruleset

from tests.promotions.engine.builders import amount, facts, percent

Doc = dict[str, Any]
LETTERS = "ABCDEFGHI"


def priced(rules: list[Doc], cart: str, lane: str = "item", most: int | None = None, **others: Any) -> Quote:
    policy = {"lanes": [{"lane": lane, "mode": "best", "max": most}]}
    return Ruleset.compile(rules, policy).price(facts(cart, **others), explain=True)


def applied(quote: Quote) -> list[tuple[str, int]]:
    return [(entry.promotion, entry.amount) for entry in quote.applied]


def on(*skus: str) -> Doc:
    return {"skus": list(skus)}


def one_each(count: int, **others: Any) -> list[Doc]:
    return [amount(sku, 10, "item", scope=on(sku), **others) for sku in LETTERS[:count]]


def both(price: int, **others: Any) -> Doc:
    """A and B together at a price, or nothing."""
    items = [{"quantity": 1, "scope": on("A")}, {"quantity": 1, "scope": on("B")}]
    return {"id": "both", "lane": "item", "then": [{"type": "bundle_price", "items": items, "price": price}]} | others


NINE = ", ".join(f"{sku} @100" for sku in LETTERS)


def test_any_number_of_promotions_on_lines_of_their_own_is_exact() -> None:
    quote = priced(one_each(9), NINE)

    assert applied(quote) == [(sku, 10) for sku in LETTERS]
    assert quote.exact


@pytest.mark.parametrize(("most", "exact"), [(9, True), (8, False)])
def test_a_max_that_can_bind_makes_all_of_them_compete(most: int, exact: bool) -> None:
    quote = priced(one_each(9), NINE, most=most)

    assert applied(quote) == [(sku, 10) for sku in LETTERS[:most]]
    assert quote.exact is exact


def test_an_exclusion_makes_only_those_two_compete() -> None:
    rules = [*one_each(8), amount("I", 20, "item", scope=on("I"), excludes=["A"])]

    quote = priced(rules, NINE)

    assert applied(quote) == [*[(sku, 10) for sku in LETTERS[1:8]], ("I", 20)]
    assert [entry.to_json() for entry in quote.skipped or ()] == [{"promotion": "A", "reason": "EXCLUDED"}]
    assert quote.exact


def test_seven_that_compete_are_exact_and_eight_are_not_unless_one_can_have_no_effect() -> None:
    seven = [amount(f"p{number}", 10 + number, "item") for number in range(7)]
    far = percent("q", 1000, "item", scope={"skus": ["A"], "undiscounted": True}, limits={"discount_total": 5})

    assert priced(seven, "A @100, B @100").exact
    assert not priced([*seven, amount("q", 1, "item")], "A @100, B @100").exact
    assert priced([*seven, {"id": "q", "lane": "item", "then": [{"type": "member_price"}]}], "A @100, B @100").exact
    assert applied(priced([far], "A @100", usage={"q": {"discount": 4}})) == [("q", 1)]


def test_two_that_share_no_line_compete_through_a_third() -> None:
    rules = [
        both(1750, priority=1),
        amount("left", 100, "item", scope=on("A")),
        amount("right", 200, "item", scope=on("B")),
    ]

    assert applied(priced(rules, "A @1000, B @1000")) == [("left", 100), ("right", 200)]


def test_the_third_may_come_between_them_by_rank() -> None:
    rules = [
        amount("left", 100, "item", priority=2, scope=on("A")),
        both(1650, priority=1),
        amount("right", 200, "item", scope=on("B")),
    ]

    quote = priced(rules, "A @1000, B @1000")

    assert applied(quote) == [("both", 350)]
    assert (quote.discount, quote.total) == (350, 1650)


def test_independent_orderings_come_together_by_rank() -> None:
    rules = [
        amount("p0", 10, scope=on("A")),
        amount("p1", 20, scope=on("B")),
        amount("p2", 30, scope=on("B")),
        amount("p3", 40, scope=on("A")),
    ]

    quote = priced(rules, "A @1000, B @1000", "order")

    assert applied(quote) == [("p0", 10), ("p1", 20), ("p2", 30), ("p3", 40)]


def test_within_a_group_the_ordering_that_takes_off_more_stays_in_order() -> None:
    rules = [
        amount("a", 100, scope=on("A")),
        percent("b", 5000, "order", scope=on("A")),
        amount("c", 100, scope=on("B")),
        percent("d", 5000, "order", scope=on("B")),
    ]

    # Half of 1000 and then 100 is more than 100 and then half of 900.
    assert applied(priced(rules, "A @1000, B @1000", "order")) == [("b", 500), ("a", 100), ("d", 500), ("c", 100)]


def test_of_one_that_may_apply_the_first_by_rank_wins_a_tie_whatever_its_bound() -> None:
    # The bound of a percentage of initial amounts is all that there is; it is tried first and still loses the tie.
    rules = [
        amount("a", 100, scope=on("A")),
        percent("b", 1000, "order", basis="initial"),
        amount("c", 99, priority=5),
    ]

    assert applied(priced(rules, "A @1000", "order", most=1)) == [("a", 100)]
    assert applied(priced([rules[0] | {"priority": -1}, *rules[1:]], "A @1000", "order", most=1)) == [("b", 100)]


def test_the_fee_is_a_line_of_its_own() -> None:
    rules = [
        {"id": "s", "lane": "order", "then": [{"type": "shipping_off", "amount": 300}]},
        {"id": "t", "lane": "order", "then": [{"type": "shipping_off", "percent_bp": 5000}]},
        amount("a", 100),
    ]

    quote = priced(rules, "A @1000", "order", shipping=800)

    assert applied(quote) == [("a", 100), ("t", 400), ("s", 300)]
    assert (quote.shipping, quote.discount) == (100, 800)
    assert quote.exact


@pytest.mark.parametrize("mode", ["best", "first", "stack"])
def test_what_has_no_effect_does_not_keep_the_next_from_its_turn_when_nobody_asks_why(mode: str) -> None:
    rules = [{"id": "none", "lane": "item", "priority": 5, "then": [{"type": "member_price"}]}, amount("p", 10, "item")]
    policy = {"lanes": [{"lane": "item", "mode": mode}]}

    quote = Ruleset.compile(rules, policy).price(facts("A @1000"))

    assert applied(quote) == [("p", 10)]


def test_documents_that_change_later_change_no_rule() -> None:
    points: Doc = {"type": "points_multiplier", "times_bp": 20_000, "scope": {"skus": ["A"]}}
    rules = Ruleset.compile([{"id": "p", "lane": "item", "then": [points]}])
    points["scope"]["skus"].append("B")

    assert rules.price(facts("A @1000")).effects == (
        {"promotion": "p", "type": "points_multiplier", "scope": {"skus": ["A"]}, "times_bp": 20_000},
    )


def test_an_exclusive_promotion_that_wins_by_its_priority_is_exact_whatever_the_others_are() -> None:
    policy = {"lanes": [{"lane": "item", "mode": "best"}], "exclusive": "priority"}
    rules = [amount(f"p{number}", 10 + number, "item") for number in range(8)]

    alone = Ruleset.compile([*rules, amount("E", 1, "item", exclusive=True)], policy).price(facts("A @1000, B @1000"))
    together = Ruleset.compile(rules, policy).price(facts("A @1000, B @1000"))

    assert (applied(alone), alone.exact) == ([("E", 1)], True)
    assert together.exact is False


@pytest.mark.parametrize("lane", ["order", "item", "price"])
def test_of_many_that_can_take_off_a_fen_the_first_by_id_does(lane: str) -> None:
    rules = [amount(f"p{number}", 1, lane) for number in range(5)]

    assert applied(priced(rules, "A @1", lane)) == [("p0", 1)]


def test_in_a_lane_that_consumes_one_of_many_for_all_units_takes_them_all() -> None:
    rules = [*(amount(f"p{number}", 10 + number, "item") for number in range(4)), percent("q", 100, "item")]

    assert applied(priced(rules, "A @1000, B @1000", "item")) == [("q", 20)]


def test_what_usage_leaves_of_a_total_counts_among_many() -> None:
    rules = [
        amount("p0", 400, limits={"discount_total": 1000}),
        amount("p1", 300, limits={"discount_total": 1000, "discount_per_order": 50}),
        percent("p2", 5000, "order"),
        amount("p3", 20),
    ]

    quote = priced(rules, "A @1000", "order", usage={"p0": {"discount": 990}, "p1": {"discount": 900}})

    # Half of all first; then 10 of 400, 50 of 300, and 20.
    assert applied(quote) == [("p2", 500), ("p0", 10), ("p1", 50), ("p3", 20)]
    assert [entry.cut for entry in quote.applied] == [{}, {"LIMIT": 390}, {"LIMIT": 250}, {}]
