"""The tables of `cases/*.json`: a cart and promotions, and what the quote must say.

A case gives `cart` (`"TEA x2 @2500, CUP @18000"`; the line id is the SKU), `lines` (further keys by line id), `facts`
(further keys), `promotions` and `policy`. `expect` is compared key by key: `units` are the final prices of single
units, `applied` maps ids to amounts, `order` lists them as applied, `skipped` maps ids to a reason or to the whole
entry, and the rest is read from the quote.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from promotions.engine import Ruleset

from tests.promotions.engine.builders import facts, unit_finals

FILES = sorted((Path(__file__).parent / "cases").glob("*.json"))
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in FILES
    for case in json.loads(path.read_text(encoding="utf-8"))
]


def seen(quote: dict[str, Any], expect: dict[str, Any]) -> dict[str, Any]:
    """What the quote says about the things that the case expects something of."""
    skipped = {
        entry["promotion"]: entry["reason"]
        if isinstance(expect.get("skipped", {}).get(entry["promotion"], ""), str)
        else {key: value for key, value in entry.items() if key != "promotion"}
        for entry in quote["skipped"]
    }
    views: dict[str, Any] = {
        **quote,
        "units": unit_finals(quote),
        "applied": {entry["promotion"]: entry["amount"] for entry in quote["applied"]},
        "order": [entry["promotion"] for entry in quote["applied"]],
        "times": {entry["promotion"]: entry["times"] for entry in quote["applied"]},
        "cut": {entry["promotion"]: entry["cut"] for entry in quote["applied"]},
        "codes": {entry["promotion"]: entry["code"] for entry in quote["applied"] if "code" in entry},
        "skipped": skipped,
    }
    return {key: views[key] for key in expect}


@pytest.mark.parametrize("case", CASES)
def test_the_quote_says_what_the_table_says(case: dict[str, Any]) -> None:
    rules = Ruleset.compile(case["promotions"], case.get("policy"))
    document = facts(case["cart"], case.get("lines"), **case.get("facts", {}))

    explained = rules.price(document, explain=True).to_json()
    plain = rules.price(document).to_json()

    assert seen(explained, case["expect"]) == case["expect"]
    assert plain == {**explained, "skipped": None}
