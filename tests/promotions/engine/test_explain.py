"""`laxin explain`: quotes in words."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
from promotions.engine.cli import explain_main
from promotions.engine.texts import LANGUAGES, TEXTS

from tests.promotions.engine.builders import amount, facts, percent

CART = facts("TEA x2 @2500, CUP @14000", {"CUP": {"unit_cost": 13_500}, "TEA": {"unit_cost": 100}}, shipping=800,
             coupons=["NEW"])  # fmt: skip
RULES: list[dict[str, Any]] = [
    percent("p2", 2000, name="茶 8 折", scope={"skus": ["TEA"]}),
    amount("p1", 3000, name="满200减30", when={"fact": "subtotal", "op": "gte", "value": 20_000}),
    amount("old", 3000, schedule={"until": "2020-01-01T00:00:00Z"}),
    percent("c", 1000, "coupon", coupon={"codes": ["NEW"]}, floor_margin_bp=0),
    {"id": "g", "lane": "item", "then": [{"type": "gift", "sku": "MUG", "quantity": 1, "every_quantity": 2},
                                         {"type": "points_multiplier", "times_bp": 25_000}]},
    {"id": "s", "lane": "shipping", "then": [{"type": "shipping_off", "amount": 300}]},
]  # fmt: skip


@pytest.fixture
def explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(
        *options: str, rules: Any = RULES, cart: Any = CART, policy: Any = None, stream: str = ""
    ) -> tuple[int, str, str]:
        for name, content in (("p.json", rules), ("f.json", cart), ("policy.json", policy)):
            (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
        (tmp_path / "f.ndjson").write_text(stream, encoding="utf-8")
        paths = {"--promotions": "p.json", "--facts": "f.ndjson" if stream else "f.json", "--policy": "policy.json"}
        code = explain_main([*[part for key, name in paths.items() for part in (key, str(tmp_path / name))], *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_quote_in_chinese(explained: Any) -> None:
    code, out, err = explained()

    assert (code, err) == (0, "")
    assert (
        out
        == """\
合计 ¥190.00，优惠 ¥22.00，运费 ¥5.00，应付 ¥176.00

商品
  CUP  CUP ×1  ¥140.00 → ¥135.00
    −¥5.00  c
  TEA  TEA ×2  ¥50.00 → ¥36.00
    每件：¥18.00 ×2
    −¥10.00  茶 8 折（p2）
    −¥4.00  c

运费
  −¥3.00  s

已享优惠
  茶 8 折（p2）：减 ¥10.00
  g
  c：减 ¥9.00；使用优惠码 NEW；因毛利底线少减 ¥9.00
  s：减 ¥3.00

赠品
  MUG ×1  g

另外
  积分 ×2.5  g

未享优惠
  old：不在活动时间内
  满200减30（p1）：未满足条件，还差 ¥20.00

再进一步
  还差 ¥20.00，满200减30（p1）再减 ¥30.00
"""
    )


def test_a_quote_in_english(explained: Any) -> None:
    _, out, _ = explained("--language", "en")

    assert "  c: ¥9.00 off; redeems code NEW; ¥9.00 less because of the margin floor\n" in out
    assert "  满200减30 (p1): its condition is not met, ¥20.00 missing\n" in out
    assert "  ¥20.00 missing: 满200减30 (p1) takes off ¥30.00 more\n" in out


def test_a_quote_of_which_there_is_little_to_say(explained: Any) -> None:
    assert explained("--language", "en", rules=[], cart=facts("CUP x2 @500"))[1] == (
        "Subtotal ¥10.00, discount ¥0.00, shipping ¥0.00, to pay ¥10.00\n\nLines\n  CUP  CUP × 2  ¥10.00\n"
    )


def test_times_whole_multiples_and_gifts_within_reach_are_told(explained: Any) -> None:
    rules: list[dict[str, Any]] = [
        amount("each", 100, every=1000),
        {"id": "g", "lane": "item", "then": [{"type": "gift", "sku": "MUG", "quantity": 3, "every_quantity": 4}]},
        {"id": "x", "lane": "item", "then": [{"type": "points_multiplier", "times_bp": 100_000}]},
        {"id": "i", "lane": "item", "then": [{"type": "issue_coupon", "batch": "MAY", "quantity": 2}]},
    ]

    _, out, _ = explained("--language", "en", rules=rules, cart=facts("TEA x3 @1000", currency="USD"))

    assert (
        out
        == """\
Subtotal $30.00, discount $3.00, shipping $0.00, to pay $27.00

Lines
  TEA  TEA × 3  $30.00 → $27.00
    each: $9.00 ×3
    −$3.00  each

Applied
  i
  x
  each: $3.00 off; 3 times

Besides
  after payment coupon MAY × 2  i
  points × 10  x

Not applied
  g: its condition is not met, 1 more units needed

Within reach
  $10.00 missing: each takes off $1.00 more
  1 more units needed: g gives 3 more
"""
    )


def test_twice_is_told_as_well(explained: Any) -> None:
    _, out, _ = explained("--language", "en", rules=[amount("each", 100, every=1000)], cart=facts("TEA @2000"))

    assert "\nApplied\n  each: ¥2.00 off; 2 times\n" in out


def test_a_fen_within_reach_is_told(explained: Any) -> None:
    rules = [amount("p", 1, when={"fact": "subtotal", "op": "gte", "value": 2100})]

    _, out, _ = explained("--language", "en", rules=rules, cart=facts("TEA @2000"))

    assert out.endswith("\nWithin reach\n  ¥1.00 missing: p takes off ¥0.01 more\n")


def test_it_says_where_more_may_be_possible(explained: Any) -> None:
    policy = {"lanes": [{"lane": "item", "mode": "best"}]}
    rules = [percent(f"p{number}", 1000 + number, "item") for number in range(8)]

    _, out, _ = explained("--language", "en", rules=rules, policy=policy, cart=facts("A @1000, B @2000"))

    assert out.endswith(
        "\n\nToo many promotions compete to try every combination: the price is valid, a better one may exist.\n"
    )


def test_carts_of_a_stream_are_parted_by_a_blank_line(explained: Any) -> None:
    first = "Subtotal ¥1.00, discount ¥0.00, shipping ¥0.00, to pay ¥1.00\n\nLines\n  A  A × 1  ¥1.00\n"
    cart = json.dumps(facts("A @100"))

    _, out, _ = explained("--language", "en", rules=[], stream=f"{cart}\n{cart}\n")

    assert out == f"{first}\n{first}\n"


def test_a_language_must_be_one_that_it_speaks(explained: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        explained("--language", "fr")

    assert caught.value.code == 2
    assert "argument --language: invalid choice: 'fr'" in capsys.readouterr().err


def test_faults_are_told_as_by_price(explained: Any) -> None:
    code, out, err = explained(rules=[percent("a", 0)], cart=facts("A @1", shipping=-1))

    assert (code, out) == (2, "")
    assert [fault["path"] for fault in json.loads(err)] == ["/promotions/0/then/0/percent_bp", "/facts/shipping"]


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    one, other = (TEXTS[language] for language in LANGUAGES)
    assert one.keys() == other.keys()
    assert {key: values(text) for key, text in one.items()} == {key: values(text) for key, text in other.items()}
