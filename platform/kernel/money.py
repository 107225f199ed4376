"""Money as integers in minor units (fen, cents): exact arithmetic, no float anywhere.

Amounts never carry their currency inside the number; callers keep it beside them. Rates are basis points
(`1500` is 15 %). Everything here raises `ValueError` on input that it cannot represent exactly.
"""

import re
from collections.abc import Sequence

BASIS_POINTS = 10_000

_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_ZERO = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_CODE = re.compile(r"[A-Z]{3}")
_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,14})(?:\.([0-9]+))?")


def currency_exponent(currency: str) -> int:
    """Digits after the point of an ISO 4217 code: 2 unless the standard says 0 (JPY) or 3 (KWD)."""
    if not _CODE.fullmatch(currency):
        raise ValueError(f"{currency!r} is not a currency code of three capital letters")
    if currency in _ZERO:
        return 0
    return 3 if currency in _THREE else 2


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to the nearest integer, halves towards plus infinity."""
    if denominator <= 0:
        raise ValueError("the denominator must be above 0")
    return (2 * numerator + denominator) // (2 * denominator)


def percent_of(amount: int, rate_bp: int) -> int:
    """`rate_bp` basis points of an amount in minor units, rounded half up."""
    return (2 * amount * rate_bp + BASIS_POINTS) // (2 * BASIS_POINTS)


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights` by floor and largest remainder.

    The shares sum to `total`. Of equal remainders the earlier weight is served first. All weights at 0 (or none
    at all) can carry only a total of 0.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("neither the total nor a weight may be negative")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("nothing to share over: every weight is 0")
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    left = total - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda i: -(total * weights[i] % whole))
    for i in by_remainder[:left]:
        shares[i] += 1
    return shares


def format_minor(amount: int, currency: str) -> str:
    """Plain decimal text of an amount in minor units: `format_minor(1230, "CNY") == "12.30"`."""
    digits = currency_exponent(currency)
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    if digits == 0:
        return f"{sign}{amount}"
    whole, part = divmod(amount, 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"


def parse_minor(text: str, currency: str) -> int:
    """Minor units of a plain decimal text: `parse_minor("12.3", "CNY") == 1230`.

    Strict: ASCII digits with an optional leading minus and one point; no blanks, thousands separators, exponents,
    leading zeros or more decimals than the currency has.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an amount like 12.30")
    digits = currency_exponent(currency)
    sign, whole, part = match.group(1), match.group(2), match.group(3) or ""
    if len(part) > digits:
        raise ValueError(f"{text!r} has more than the {digits} decimals of {currency}")
    amount = int(whole + part.ljust(digits, "0"))
    return -amount if sign else amount


_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "TWD": "NT$", "SGD": "S$"}


def currency_symbol(currency: str) -> str:
    """What stands before an amount on screens and paper: `¥`, or the code and a blank where no symbol is known."""
    return _SYMBOLS.get(currency, f"{currency} ")
