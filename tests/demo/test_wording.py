"""Names made from the data's abbreviations, and costs by margin."""

import pytest
from demo.wording import cost_of, name_product, title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FLUID MILK WHITE ONLY", "Fluid Milk White Only"),
        ("BREAD:ITALIAN/FRENCH", "Bread: Italian/French"),
        ("KID'S CEREAL", "Kid's Cereal"),
        (" DRUG GM ", "Drug Gm"),
    ],
)
def test_capitals_become_a_title(text: str, expected: str) -> None:
    assert title(text) == expected


def test_a_name_is_made_of_type_size_and_brand_as_far_as_known() -> None:
    milk: dict[str, str] = {"department": "GROCERY", "category": "FLUID MILK PRODUCTS", "brand": "Private"}
    bare = {"department": "GROCERY", "brand": "Private"}

    assert name_product(**milk, kind="FLUID MILK", size="1 GA") == "Fluid Milk 1 GA · Private"
    assert name_product(**milk, kind="FLUID MILK", size=None) == "Fluid Milk · Private"
    assert name_product(**milk, kind=None, size=None) == "Fluid Milk Products · Private"
    assert name_product(**bare, category=None, kind=None, size=None) == "Grocery · Private"


def test_the_cost_is_the_price_less_the_departments_margin_rounded_half_up() -> None:
    assert cost_of(1000, "GROCERY") == 750
    assert cost_of(999, "PRODUCE") == 649
    assert cost_of(2, "GROCERY") == 2
    assert cost_of(100, "UNHEARD OF") == 70
