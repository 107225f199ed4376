"""Sharing an amount over run-length units by floor and largest remainder."""

from collections.abc import Sequence

from promotions.engine.cart import Off, Units


def share(total: int, units: Sequence[Units], weights: Sequence[int] | None = None) -> list[Off]:
    """Split `total` over units in proportion to their weights, or to their current amounts.

    The shares sum to `total`, which must not exceed the sum of the weights. Units come in the order that settles
    ties: by line, then the dearer. A run whose units cannot all get the same is split.
    """
    if len(units) == 1:  # nothing to weigh, and most groups of a SKU are like that
        ((line, amount, count),) = units
        base, more = divmod(total, count)
        return [(line, amount, of_run, off) for of_run, off in ((more, base + 1), (count - more, base)) if of_run]
    if weights is None:
        weights = [amount for _, amount, _ in units]
        whole = sum([amount * count for _, amount, count in units])
    else:
        whole = sum([weight * unit[2] for weight, unit in zip(weights, units, strict=True)])
    if whole == 0:
        return [(line, amount, count, 0) for line, amount, count in units]
    parts = [divmod(total * weight, whole) for weight in weights]
    offs = [(line, amount, count, base) for (line, amount, count), (base, _) in zip(units, parts, strict=True)]
    left = total - sum([base * count for _, _, count, base in offs])
    if left == 0:
        return offs
    extra = [0] * len(offs)
    for i in sorted(range(len(offs)), key=[remainder for _, remainder in parts].__getitem__, reverse=True):
        extra[i] = served = min(left, offs[i][2])
        left -= served
        if left == 0:
            break
    shares: list[Off] = []
    for (line, amount, count, base), more in zip(offs, extra, strict=True):
        if more:
            shares.append((line, amount, more, base + 1))
        if more < count:
            shares.append((line, amount, count - more, base))
    return shares


def reshare(total: int, offs: list[Off]) -> list[Off]:
    """Unit discounts, in the order in which they are proposed, cut to `total` in proportion to what they were."""
    return share(total, [off[:3] for off in offs], [off[3] for off in offs])


def sum_of(offs: list[Off]) -> int:
    return sum(off * count for _, _, count, off in offs)
