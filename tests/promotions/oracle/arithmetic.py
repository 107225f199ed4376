"""Rounding and sharing, as the chapter "Rounding and allocation" has them. Whole minor units, no float."""

from collections.abc import Sequence
from typing import Any


def half_up(amount: int, basis_points: int) -> int:
    """`basis_points` of `amount`, rounded half up."""
    return (2 * amount * basis_points + 10_000) // 20_000


def floor_of_line(unit_cost: int, quantity: int, margin_bp: int) -> int:
    """What a line must still bring: its cost and the margin on it, rounded up."""
    return -(-(unit_cost * quantity * (10_000 + margin_bp)) // 10_000)


def share(whole: int, weights: Sequence[int], ranks: Sequence[Any]) -> list[int]:
    """`whole` in proportion to `weights`: floors first, then one each to the largest remainders, ties by `ranks`."""
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    shares = [whole * weight // total for weight in weights]
    remainders = [whole * weight % total for weight in weights]
    in_turn = sorted(range(len(weights)), key=lambda position: (-remainders[position], ranks[position]))
    for position in in_turn[: whole - sum(shares)]:
        shares[position] += 1
    return shares
