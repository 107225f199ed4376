import pytest
from members.errors import InvalidPhone
from members.phones import mask_phone, normalize_phone


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "138 0013 8000",
        " 138-0013-8000 ",
        "１３８００１３８０００",
        "＋８６ 138 0013 8000",
        "+86 13800138000",
        "+86-138-0013-8000",
        "(86) 13800138000",
        "8613800138000",
        "008613800138000",
        "\u202d138\u00a00013\u00a08000\u202c",
        "\u200e+86 138 0013 8000",
        "١٣٨٠٠١٣٨٠٠٠",
    ],
)
def test_every_spelling_of_a_number_is_one_number(typed: str) -> None:
    assert normalize_phone(typed, "CN") == "+8613800138000"


@pytest.mark.parametrize(
    ("typed", "region", "expected"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("415.555.2671", "US", "+14155552671"),
        ("+1 415 555 2671", "CN", "+14155552671"),
        ("0014155552671", "CN", "+14155552671"),
        ("0412 345 678", "AU", "+61412345678"),
        ("+86 138 0013 8000", "US", "+8613800138000"),
    ],
)
def test_the_region_says_where_it_is_dialled_from(typed: str, region: str, expected: str) -> None:
    assert normalize_phone(typed, region) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "+",
        "138",
        "1380013800",
        "138001380001",
        "23800138000",
        "010-62345678",
        "13800138000 ext 5",
        "call me",
        "1380013800O",
        "13800138000,13900139000",
        "+86" * 100,
        "<script>13800138000</script>",
        "\x00",
    ],
)
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidPhone) as refusal:
        normalize_phone(typed, "CN")

    assert refusal.value.code == "INVALID"
    assert refusal.value.field == ("phone",)


@pytest.mark.parametrize(
    "typed", ["ﷺ" * 330_000, "\u200b" * 330_000 + "13800138000", "1" * 161], ids=["wide", "invisible", "digits"]
)
def test_what_is_far_too_long_is_refused_before_it_is_looked_at(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("members.phones.unicodedata", None)

    with pytest.raises(InvalidPhone):
        normalize_phone(typed, "CN")


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("+8613812348000", "138****8000"), ("+14155552671", "415****2671"), ("+6591234567", "****67")],
)
def test_a_masked_number_does_not_tell_the_number(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked
