"""The page of prices: what the plans say, in the currency of the reader's language, a month or a year at a time."""

import re

import pytest
from django.test import Client
from django.utils.translation import override
from website.prices import list_offers, list_rows, read_price

from billing.plans import PLANS
from tests.conftest import ClientFor
from tests.website.test_pages import text

NOT_TO_BE_HAD = {"locations", "sms_per_month"}  # limits of what nothing makes yet


@pytest.fixture
def site(db: None, client_for: ClientFor) -> Client:
    return client_for(None)


@pytest.mark.parametrize(
    ("language", "interval", "prices", "months"),
    [
        ("zh-hans", "month", ["¥99", "¥299", "¥899"], ["¥99", "¥299", "¥899"]),
        ("zh-hans", "year", ["¥990", "¥2,990", "¥8,990"], ["¥82.50", "¥249.16", "¥749.16"]),
        ("en", "month", ["$15", "$45", "$129"], ["$15", "$45", "$129"]),
        ("en", "year", ["$150", "$450", "$1,290"], ["$12.50", "$37.50", "$107.50"]),
    ],
)
def test_prices_are_those_of_the_plans(
    site: Client, language: str, interval: str, prices: list[str], months: list[str]
) -> None:
    offers = list_offers(language=language, interval=interval)

    assert [offer.price for offer in offers] == prices
    assert [offer.monthly for offer in offers] == months
    page = text(site.get("/prices/", {"lang": language, "interval": interval}))
    for price in prices:
        assert f">{price}<" in page


def test_a_price_leads_to_sign_up_with_its_plan_and_interval(site: Client) -> None:
    page = text(site.get("/prices/", {"lang": "en", "interval": "year"}))

    assert re.findall(r'href="/signup/\?([^"]+)"', page) == [
        f"plan={key}&amp;interval=year" for key in ("starter", "growth", "scale")
    ]


def test_an_interval_that_is_not_sold_is_a_month(site: Client) -> None:
    assert ">$45<" in text(site.get("/prices/", {"lang": "en", "interval": "week"}))


def test_the_comparison_has_every_limit_and_feature_of_the_plans() -> None:
    with override("en"):
        rows = {str(row.label): list(row.values) for row in list_rows()}

    assert rows["Members"] == [2_000, 20_000, 500_000]
    assert rows["A domain of your own"] == [False, True, True]
    numbers = [values for values in rows.values() if all(type(value) is int for value in values)]
    assert len(numbers) == len(PLANS["growth"].limits) - len(NOT_TO_BE_HAD)
    some = [values for values in rows.values() if False in values]
    assert len(some) == len({feature for plan in PLANS.values() for feature in plan.features})


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_cannot_be_had_is_not_sold(site: Client, language: str) -> None:
    for path in ("/", "/prices/", "/prices/?interval=year"):
        page = text(site.get(path, headers={"accept-language": language}))
        for word in ("ocation", "more places", "ext message", "SMS", "门店", "分店", "地点", "连锁", "短信"):
            assert word not in page, word


@pytest.mark.parametrize(
    ("language", "interval", "said"),
    [
        ("en", "month", "A month costs, by the language of the shop, ¥299 (简体中文) / $45 (English)."),
        ("en", "year", "A year costs, by the language of the shop, ¥2,990 (简体中文) / $450 (English)."),
        ("zh-hans", "month", "每月费用随店铺语言而定：¥299 (简体中文) / $45 (English)。"),
    ],
)
def test_the_form_shows_the_sum_of_whichever_language_the_shop_gets(
    site: Client, language: str, interval: str, said: str
) -> None:
    chosen = {"plan": "growth", "interval": interval}

    page = text(site.get("/signup/", chosen, headers={"accept-language": language}))
    again = text(site.post("/signup/", chosen | {"language": "en"}, headers={"accept-language": language}))

    assert said in page
    assert said in again


def test_cents_are_shown_where_there_are_any() -> None:
    assert [read_price(amount, "USD") for amount in (0, 100, 105, 123_456_00)] == ["$0", "$1", "$1.05", "$123,456"]
