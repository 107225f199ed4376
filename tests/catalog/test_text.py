"""Texts derived from names."""

import pytest
from catalog.text import build_search_text, list_ancestor_paths, make_slug, normalize_words, split_search


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Green  TEA-01", "green tea 01"),
        ("龙井绿茶 250g", "龙 井 绿 茶 250g"),
        ("ＡＢＣ½", "abc1 2"),
        ("a_b%c\\", "a b c"),
        ("…", ""),
    ],
)
def test_words_are_folded_and_chinese_characters_stand_alone(text: str, words: str) -> None:
    assert normalize_words(text) == words


def test_a_product_is_found_by_name_brand_sku_and_barcode() -> None:
    text = build_search_text(name="绿茶", brand="Tan", skus=["TEA-1", "TEA-2"], barcodes=["690", None])

    assert text == " 绿 茶 tan tea 1 tea 2 690 "


def test_a_query_has_at_most_eight_terms_and_none_twice() -> None:
    assert split_search("绿茶 TEA-1 绿茶 , a") == ["绿 茶", "tea 1", "a"]
    assert len(split_search(" ".join(f"w{number}" for number in range(20)))) == 8
    assert split_search("\x00 !") == []


def test_a_slug_keeps_letters_of_any_script_and_is_never_empty() -> None:
    assert make_slug("绿茶 Tea!", limit=300) == "绿茶-tea"
    assert make_slug("!!!", limit=300) == "item"
    assert make_slug("ab-cd", limit=3) == "ab"


def test_the_ancestors_of_a_path_end_with_the_path_itself() -> None:
    assert list_ancestor_paths("a/b/c") == ("a", "a/b", "a/b/c")
    assert list_ancestor_paths(None) == ()
