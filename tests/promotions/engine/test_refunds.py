"""Refunds: what comes back when units return, all at once or in parts."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from promotions.engine import Fault, InvalidInput, Quote, Refund, Refunded, Ruleset, refund

from tests.promotions.engine.builders import amount, facts
from tests.promotions.engine.carts import a_case

Doc = dict[str, Any]
seeds = st.integers(min_value=0, max_value=10**9)
HALF = {
    "id": "half", "lane": "item", "then": [{"type": "nth_unit", "n": 2, "percent_bp": 5000, "group_by": "scope"}],
}  # fmt: skip
THRESHOLD = amount("t", 3000, when={"fact": "subtotal", "op": "gte", "value": 20_000})


def test_the_cheapest_units_come_back_first_and_shipping_with_the_last() -> None:
    quote = Ruleset.compile([HALF]).price(facts("A x2 @1000", shipping=800))

    first = refund(quote, {"A": 1})
    second = refund(quote, {"A": 1}, earlier=[Refunded({"A": 1}, first.amount)])

    assert first == Refund(500, 500, 0)
    assert second == Refund(1800, 1000, 800)
    assert refund(quote, {"A": 2}) == Refund(2300, 1500, 800)


def test_requalify_takes_back_what_the_rest_would_not_have_got() -> None:
    rules, cart = Ruleset.compile([THRESHOLD]), facts("A @15000, B @5000")
    quote = rules.price(cart)

    exact = refund(quote, {"B": 1})
    strict = refund(quote, {"B": 1}, "requalify", facts=cart, rules=rules)
    rest = refund(quote, {"A": 1}, "requalify", facts=cart, rules=rules, earlier=[Refunded({"B": 1}, strict.amount)])

    assert exact.amount == 4250
    assert strict.amount == 17_000 - 15_000
    assert rest.amount == 15_000


def test_requalify_is_never_below_zero_nor_above_exact() -> None:
    cart = facts("A @19000, B @1000")
    rules = Ruleset.compile([THRESHOLD])
    quote = rules.price(cart)
    cheaper = amount("c", 9000, when={"fact": "quantity", "op": "lte", "value": 1})
    other = Ruleset.compile([cheaper])

    assert refund(quote, {"B": 1}, "requalify", facts=cart, rules=rules) == Refund(0, 0, 0)
    assert refund(quote, {"B": 1}, "requalify", facts=cart, rules=other) == refund(quote, {"B": 1})


def test_requalify_keeps_the_time_and_the_usage_of_the_sale() -> None:
    promotion = amount("t", 100, limits={"total": 5}, schedule={"weekdays": [6]})
    cart = facts("A x2 @1000", usage={"t": {"total": 4}})
    rules = Ruleset.compile([promotion])

    # What remains still gets the 100 off, so what returns gives back its exact price and not 1900 - 1000.
    assert refund(rules.price(cart), {"A": 1}, "requalify", facts=cart, rules=rules).amount == 950


@pytest.mark.parametrize(
    ("returned", "earlier", "path", "code"),
    [
        ({"A": 3}, [], "/returned/A", "RANGE"),
        ({"A": 2}, [Refunded({"A": 1}, 5)], "/returned/A", "RANGE"),
        ({"A": 0}, [], "/returned/A", "RANGE"),
        ({"A": True}, [], "/returned/A", "RANGE"),
        ({"B": 1}, [], "/returned/B", "VALUE"),
        ({"A": 1}, [Refunded({"A": 1}, -5)], "/earlier/0/amount", "RANGE"),
        ({"A": 1}, [Refunded({"A": 3}, 5)], "/earlier/0/units/A", "RANGE"),
    ],
)
def test_what_cannot_come_back_is_refused(returned: Doc, earlier: list[Refunded], path: str, code: str) -> None:
    quote = Ruleset.compile([]).price(facts("A x2 @1000"))

    with pytest.raises(InvalidInput) as caught:
        refund(quote, returned, earlier=earlier)

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [(path, code)]


def test_a_policy_must_be_known_and_have_what_it_needs() -> None:
    quote = Ruleset.compile([]).price(facts("A x2 @1000"))

    with pytest.raises(InvalidInput):
        refund(quote, {"A": 1}, "partial")
    with pytest.raises(ValueError, match="original facts"):
        refund(quote, {"A": 1}, "requalify")


def test_what_is_left_out_stays_and_what_costs_nothing_gives_nothing_back() -> None:
    quote = Ruleset.compile([]).price(facts("A x2 @1000, B x3 @10", shipping=5))

    assert refund(quote, {"A": 1, "B": 2}) == Refund(1020, 1020, 0)
    assert refund(quote, {}) == Refund(0, 0, 0)
    assert refund(quote, {"B": 1}, earlier=[Refunded({"A": 2}, 0)]) == Refund(2010, 2010, 0)
    assert refund(quote, {"B": 3}, earlier=[Refunded({"A": 2}, 2000)]) == Refund(35, 30, 5)


def test_a_refund_as_a_document() -> None:
    assert Refund(35, 30, 5).to_json() == {"amount": 35, "goods": 30, "shipping": 5}


@pytest.mark.parametrize(
    ("returned", "earlier", "policy", "fault"),
    [
        ({"A": 1}, [], "partial", Fault("/policy", "VALUE", "must be one of exact, requalify")),
        ({"A": 1}, [Refunded({}, -1)], "exact",
         Fault("/earlier/0/amount", "RANGE", "must be a whole number, 0 or more")),
        ({"B": 1}, [], "exact", Fault("/returned/B", "VALUE", "the quote has no such line")),
        ({"A": 0}, [], "exact", Fault("/returned/A", "RANGE", "must be a whole number, 1 or more")),
        ({"A": 2}, [Refunded({"A": 1}, 0)], "exact", Fault("/returned/A", "RANGE", "only 1 are left to return")),
    ],
)  # fmt: skip
def test_a_fault_of_a_refund_says_what_would_be_right(
    returned: Doc, earlier: list[Refunded], policy: str, fault: Fault
) -> None:
    quote = Ruleset.compile([]).price(facts("A x2 @1000"))

    with pytest.raises(InvalidInput) as caught:
        refund(quote, returned, policy, earlier=earlier)

    assert caught.value.faults == [fault]


def test_requalify_needs_both_the_facts_and_the_rules() -> None:
    cart, rules = facts("A x2 @1000"), Ruleset.compile([])
    quote = rules.price(cart)

    with pytest.raises(ValueError, match=r"^requalify needs the original facts and rules$"):
        refund(quote, {"A": 1}, "requalify", facts=cart)
    with pytest.raises(ValueError, match=r"^requalify needs the original facts and rules$"):
        refund(quote, {"A": 1}, "requalify", rules=rules)


def test_what_was_overpaid_before_is_never_asked_back() -> None:
    quote = Ruleset.compile([]).price(facts("A x2 @1000", shipping=800))

    assert refund(quote, {"A": 1}, earlier=[Refunded({"A": 1}, 2500)]) == Refund(300, 0, 300)
    assert refund(quote, {"A": 1}, earlier=[Refunded({"A": 1}, 5000)]) == Refund(0, 0, 0)


@given(seeds, st.sampled_from(["exact", "requalify"]))
def test_parts_never_exceed_what_was_paid_and_come_to_all_of_it(seed: int, policy: str) -> None:
    cart, promotions, rule_policy = a_case(seed, promotions=5)
    cart["shipping"] = seed % 500
    rules = Ruleset.compile(promotions, rule_policy)
    quote = rules.price(cart)
    units = [line.id for line in quote.lines for _ in range(line.quantity)]
    rnd = random.Random(seed)
    rnd.shuffle(units)
    earlier: list[Refunded] = []
    returned: dict[str, int] = {}
    while units:
        part: dict[str, int] = {}
        for _ in range(rnd.randint(1, len(units))):
            line = units.pop()
            part[line] = part.get(line, 0) + 1
            returned[line] = returned.get(line, 0) + 1
        found = refund(quote, part, policy, earlier=earlier, facts=cart, rules=rules)
        exact = refund(quote, returned)
        earlier.append(Refunded(part, found.amount))
        so_far = sum(each.amount for each in earlier)
        assert found.amount == found.goods + found.shipping >= 0
        assert so_far <= exact.amount
        if policy == "exact":
            assert so_far == exact.amount
        if units:
            assert found.shipping == 0
    assert so_far == quote.total


@given(seeds)
def test_returning_more_never_gives_back_less_by_exact(seed: int) -> None:
    cart, promotions, policy = a_case(seed, promotions=5)
    quote = Ruleset.compile(promotions, policy).price(cart)
    line = quote.lines[seed % len(quote.lines)]

    amounts = [refund(quote, {line.id: count}).amount for count in range(1, line.quantity + 1)]

    assert amounts == sorted(amounts)


@given(seeds)
def test_a_stored_quote_is_read_back_whole(seed: int) -> None:
    cart, promotions, policy = a_case(seed, promotions=5)
    quote = Ruleset.compile(promotions, policy).price(cart, explain=seed % 2 == 0)

    assert Quote.from_json(json.loads(json.dumps(quote.to_json()))) == quote
