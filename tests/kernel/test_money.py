"""Money in minor units: rounding, sharing, text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel.money import currency_exponent, format_minor, parse_minor, percent_of, round_half_up, share


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(5, 10, 1), (4, 10, 0), (15, 10, 2), (-5, 10, 0), (-6, 10, -1), (0, 7, 0), (10**30 + 1, 2, 5 * 10**29 + 1)],
)
def test_halves_round_up(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


def test_a_denominator_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        round_half_up(1, 0)


@pytest.mark.parametrize(
    ("amount", "rate_bp", "percent"), [(9999, 1000, 1000), (3333, 1000, 333), (5, 1000, 1), (4, 1000, 0)]
)
def test_a_percentage_rounds_half_up(amount: int, rate_bp: int, percent: int) -> None:
    assert percent_of(amount, rate_bp) == percent


def test_shares_go_by_floor_and_largest_remainder() -> None:
    assert share(3000, [2500, 2500, 18000]) == [326, 326, 2348]
    assert share(100, [1, 1, 1]) == [34, 33, 33]
    assert share(0, []) == []
    assert share(0, [0, 0]) == [0, 0]


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0, 0]), (-1, [1]), (1, [2, -1])])
def test_what_cannot_be_shared_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"share over|negative"):
        share(total, weights)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_shares_sum_to_the_whole_and_stay_within_one_of_their_part(total: int, weights: list[int]) -> None:
    shares = share(total, weights)

    assert sum(shares) == total
    for part, weight in zip(shares, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1230, "CNY", "12.30"),
        (5, "USD", "0.05"),
        (0, "EUR", "0.00"),
        (-5, "CNY", "-0.05"),
        (1230, "JPY", "1230"),
        (1230, "KWD", "1.230"),
    ],
)
def test_amounts_read_as_they_were_written(amount: int, currency: str, text: str) -> None:
    assert format_minor(amount, currency) == text
    assert parse_minor(text, currency) == amount


@pytest.mark.parametrize(("text", "amount"), [("12", 1200), ("12.3", 1230), ("0.5", 50), ("-12.3", -1230)])
def test_fewer_decimals_are_filled_up(text: str, amount: int) -> None:
    assert parse_minor(text, "CNY") == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "12.",
        ".5",
        "12.345",
        "012",
        "1,200",
        "1e3",
        "+1",
        " 1",
        "1 ",
        "١٢",
        "12.３",
        "--1",
        "NaN",
        "1_0",
        "9" * 16,
        "1\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an amount|decimals"):
        parse_minor(text, "CNY")


def test_yen_have_no_decimals() -> None:
    with pytest.raises(ValueError, match="0 decimals"):
        parse_minor("12.5", "JPY")


@pytest.mark.parametrize("code", ["cny", "CN", "CNYX", "", "C1Y"])
def test_a_currency_is_three_capital_letters(code: str) -> None:
    with pytest.raises(ValueError, match="currency code"):
        currency_exponent(code)
