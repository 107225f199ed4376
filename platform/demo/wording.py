"""Names made from the data's abbreviations, and the figures that the data lack. Pure."""

import re

# Gross margin of a department, in basis points of the shelf price. The data hold no cost of goods: these are round
# figures of the grocery trade, and every cost in the demo is made by them.
MARGINS_BP = {
    "GROCERY": 2_500,
    "DRUG GM": 3_000,
    "PRODUCE": 3_500,
    "COSMETICS": 4_000,
    "NUTRITION": 3_500,
    "MEAT": 2_200,
    "MEAT-PCKGD": 2_500,
    "DELI": 4_500,
    "PASTRY": 5_000,
    "FLORAL": 5_000,
    "SEAFOOD": 2_500,
    "SEAFOOD-PCKGD": 2_500,
    "SPIRITS": 2_000,
    "SALAD BAR": 5_000,
    "RESTAURANT": 5_000,
    "CHEF SHOPPE": 5_000,
    "FROZEN GROCERY": 2_800,
}
OTHER_MARGIN_BP = 3_000

_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
_COLON = re.compile(r"\s*:\s*")


def title(text: str) -> str:
    """Return the data's capitals as a title: `FLUID MILK:WHITE` is `Fluid Milk: White`."""
    return _COLON.sub(": ", _WORD.sub(lambda match: match.group(0).capitalize(), text.strip()))


def name_product(*, department: str, category: str | None, kind: str | None, size: str | None, brand: str) -> str:
    """Return a name of type (else category, else department), size and brand."""
    name = title(kind or category or department)
    return f"{name} {size.strip()} · {brand}" if size else f"{name} · {brand}"


def cost_of(price_minor: int, department: str) -> int:
    """Return the cost by the department's margin, rounded half up."""
    kept = 10_000 - MARGINS_BP.get(department, OTHER_MARGIN_BP)
    return (2 * price_minor * kept + 10_000) // 20_000
