"""Sharing an amount over run-length units by floor and largest remainder."""

from collections.abc import Sequence

from promotions.engine.cart import Off, Units


def share(total: int, units: Sequence[Units], weights: Sequence[int] | None = None) -> list[Off]:
    """Split `total` over units in proportion to their weights, or to their current amounts.

    The shares sum to `total`, which must not exceed the sum of the weights. Units come in the order that settles
    ties: by line, then the dearer. A run whose units cannot all get the same is split.
    """
    if weights is None:
        weights = [unit[1] for unit in units]
    whole = 0
    for (_, _, count), weight in zip(units, weights, strict=True):
        whole += weight * count
    if whole == 0 or total == 0:
        return [(line, amount, count, 0) for line, amount, count in units]
    left = total
    shares: list[Off] = []
    remainders: list[int] = []
    for (line, amount, count), weight in zip(units, weights, strict=True):
        base, remainder = divmod(total * weight, whole)
        shares.append((line, amount, count, base))
        remainders.append(remainder)
        left -= base * count
    if left == 0:
        return shares
    extra = [0] * len(shares)
    for i in sorted(range(len(shares)), key=remainders.__getitem__, reverse=True):
        extra[i] = served = min(left, shares[i][2])
        left -= served
        if left == 0:
            break
    offs: list[Off] = []
    for (line, amount, count, base), more in zip(shares, extra, strict=True):
        if more:
            offs.append((line, amount, more, base + 1))
        if more < count:
            offs.append((line, amount, count - more, base))
    return offs


def reshare(total: int, offs: list[Off]) -> list[Off]:
    """Unit discounts cut to `total`, in proportion to what they were."""
    ordered = sorted(offs, key=lambda off: (off[0], -off[1], -off[3]))
    return share(total, [off[:3] for off in ordered], [off[3] for off in ordered])


def sum_of(offs: list[Off]) -> int:
    return sum(off * count for _, _, count, off in offs)
