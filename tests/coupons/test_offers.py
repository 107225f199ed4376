from typing import Any

import pytest
from coupons.offers import headline, make_document, read_offer
from coupons.types import BatchInput, Offer
from django.utils import translation
from kernel.ids import new_id


def offer(**changes: Any) -> Offer:
    fields: dict[str, Any] = {
        "name": "新人券",
        "kind": "amount",
        "amount_minor": 800,
        "percent_bp": 0,
        "minimum_spend_minor": 4000,
    }
    return Offer(**{**fields, **changes})


PERCENT = {"kind": "percent", "amount_minor": 0}


@pytest.mark.parametrize(
    ("changes", "currency", "chinese", "english"),
    [
        ({}, "CNY", "满40减8", "¥8 off from ¥40"),
        ({"amount_minor": 850}, "CNY", "满40减8.50", "¥8.50 off from ¥40"),
        ({"minimum_spend_minor": 0}, "CNY", "立减¥8", "¥8 off"),
        ({}, "USD", "满$40减$8", "$8 off from $40"),
        ({"amount_minor": 800, "minimum_spend_minor": 4000}, "JPY", "满¥4000减¥800", "¥800 off from ¥4000"),
        ({**PERCENT, "percent_bp": 1500}, "CNY", "满40打8.5折", "Get 15% off from ¥40"),
        ({**PERCENT, "percent_bp": 1500, "minimum_spend_minor": 0}, "CNY", "8.5折", "Get 15% off"),
        ({**PERCENT, "percent_bp": 1550, "minimum_spend_minor": 0}, "CNY", "8.45折", "Get 15.5% off"),
        ({**PERCENT, "percent_bp": 2000, "minimum_spend_minor": 0}, "CNY", "8折", "Get 20% off"),
        ({"kind": "other"}, "CNY", "新人券", "新人券"),
    ],
)
def test_a_headline_says_the_offer_in_both_languages(
    changes: dict[str, Any], currency: str, chinese: str, english: str
) -> None:
    with translation.override("zh-hans"):
        assert headline(offer(**changes), currency) == chinese
    with translation.override("en"):
        assert headline(offer(**changes), currency) == english


@pytest.mark.parametrize("minimum", [0, 4000])
@pytest.mark.parametrize(("kind", "amount", "percent"), [("amount", 800, None), ("percent", None, 1500)])
def test_what_is_written_into_the_rule_is_read_back_from_it(
    kind: Any, amount: int | None, percent: int | None, minimum: int
) -> None:
    data = BatchInput(
        name="新人券", kind=kind, total=1, amount_minor=amount, percent_bp=percent, minimum_spend_minor=minimum
    )

    document = make_document(data=data, batch_id=new_id())

    assert read_offer(name="新人券", document=document) == offer(
        kind=kind, amount_minor=amount or 0, percent_bp=percent or 0, minimum_spend_minor=minimum
    )


@pytest.mark.parametrize(
    "document",
    [
        {"when": {"fact": "quantity", "op": "gte", "value": 3}, "then": [{"type": "amount_off", "amount": 1}]},
        {"when": {"all": []}, "then": [{"type": "amount_off", "amount": 1}]},
        {"then": [{"type": "amount_off", "amount": 1, "every": 100}]},
        {"then": [{"type": "amount_off", "amount": 1, "scope": {"skus": ["TEA"]}}]},
        {"then": [{"type": "amount_off", "amount": 1}, {"type": "gift", "sku": "TEA", "quantity": 1}]},
    ],
)
def test_a_rule_that_a_headline_cannot_say_is_known_by_its_name(document: dict[str, Any]) -> None:
    assert read_offer(name="Tea day", document=document).kind == "other"
