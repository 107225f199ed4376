"""Identifiers: time-ordered keys, opaque ids, codes that people type."""

import base64
import threading
import time
from uuid import UUID

import pytest
from kernel.ids import (
    CODE_ALPHABET,
    from_global_id,
    hash_secret,
    is_code,
    new_code,
    new_id,
    new_secret,
    normalize_code,
    split_global_id,
    to_global_id,
)

KEY = UUID("01937d6e-0000-7000-8000-000000000001")


def test_a_new_id_is_a_version_7_uuid_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000

    key = new_id()

    after = time.time_ns() // 1_000_000
    assert (key.version, key.variant) == (7, "specified in RFC 4122")
    assert before <= key.int >> 80 <= after + 1


def test_ids_rise_strictly_also_across_threads() -> None:
    made: list[list[UUID]] = [[] for _ in range(8)]

    def make(keys: list[UUID]) -> None:
        keys.extend(new_id() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(keys,)) for keys in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(keys == sorted(keys) for keys in made)
    stamps = {key.int >> 64 for keys in made for key in keys}
    assert len(stamps) == 16_000


def test_ids_do_not_step_back_when_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)

    assert new_id() > first


def test_a_global_id_is_base64url_of_type_and_key_and_comes_back() -> None:
    global_id = to_global_id("Product", KEY)

    assert base64.urlsafe_b64decode(global_id + "=" * (-len(global_id) % 4)) == f"Product:{KEY}".encode()
    assert "=" not in global_id
    assert from_global_id(global_id, "Product") == KEY
    assert split_global_id(global_id) == ("Product", KEY)


def test_an_id_of_another_type_is_unknown() -> None:
    assert from_global_id(to_global_id("Cart", KEY), "Product") is None


@pytest.mark.parametrize(
    "text", ["", "x", "茶", "====", "UHJvZHVjdA", "a" * 1_000, base64.b64encode(b"\xff\xfe").decode()]
)
def test_a_malformed_id_is_unknown(text: str) -> None:
    assert split_global_id(text) is None
    assert from_global_id(text, "Product") is None


def test_codes_have_a_right_check_character_and_differ() -> None:
    codes = {new_code() for _ in range(2_000)}

    assert len(codes) == 2_000
    assert all(len(code) == 12 and is_code(code) for code in codes)


def test_every_single_wrong_character_of_a_code_is_noticed() -> None:
    code = new_code()

    for position, right in enumerate(code):
        for wrong in set(CODE_ALPHABET) - {right}:
            assert not is_code(code[:position] + wrong + code[position + 1 :])


def test_swapped_neighbours_are_noticed_but_for_the_one_pair_that_the_algorithm_confuses() -> None:
    missed = set()
    for left in CODE_ALPHABET:
        for right in CODE_ALPHABET:
            body = "A" * 4 + left + right + "A" * 5
            code = next(body + check for check in CODE_ALPHABET if is_code(body + check))
            swapped = code[:4] + right + left + code[6:]
            if left != right and is_code(swapped):
                missed.add(frozenset((left, right)))

    assert missed == {frozenset(("0", "Z"))}


@pytest.mark.parametrize(("typed", "stored"), [(" ab1-oil u ", "AB1011V"), ("OIL", "011"), ("abc", "ABC")])
def test_a_typed_code_is_read_with_its_look_alikes(typed: str, stored: str) -> None:
    assert normalize_code(typed) == stored


@pytest.mark.parametrize("text", ["", "A", "AAAA!", "茶茶茶"])
def test_what_is_no_code_is_told_from_one(text: str) -> None:
    assert not is_code(text)


def test_secrets_are_long_differ_and_are_stored_hashed() -> None:
    one, two = new_secret(), new_secret()

    assert one != two
    assert len(base64.urlsafe_b64decode(one + "=")) == 32
    assert hash_secret("laxin") == "1f011ba7f5b77c2200bce7e868bf36d68656f1f1ddb1d46957685ade44fefa18"
