"""Hostile documents: only a quote or `InvalidInput` comes back, never another error."""

import copy
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from promotions.engine import DEFAULT_POLICY, Fault, InvalidInput, Ruleset, validate_promotion
from promotions.engine.cli import main

from tests.promotions.engine.carts import a_case

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**53,
    10**40,
    -(10**40),
    0.5,
    float("inf"),
    "",
    "x",
    "\ud800",
    "\x00",
    "9" * 5000,
    "2026-13-45T99:99:99+99:99",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    [],
    {},
    [[]],
    [{}],
    [None],
    {"": None},
    {"a": {"b": 1}},
    "price",
    "percent_off",
    [["00:00", "24:00"]],
    {"all": [{"all": []}]},
    {"not": {"not": {}}},
]
OTHER_REWARDS: list[Any] = [
    {"type": "fixed_unit_price", "unit_price": 20, "max_units": 2, "pick": "cheapest"},
    {"type": "member_price", "scope": {"skus": ["A", "B"]}},
    {"type": "nth_unit", "n": 2, "percent_bp": 5000, "group_by": "scope"},
    {"type": "buy_get", "buy": {"quantity": 2}, "get": {"quantity": 1, "percent_bp": 10_000}, "max_times": 3},
    {"type": "bundle_price", "items": [{"scope": {"skus": ["A", "B"]}, "quantity": 1}, {"quantity": 1}], "price": 40},
    {"type": "any_n_price", "quantity": 3, "price": 60},
    {"type": "expiry_ladder", "steps": [{"max_days_to_expiry": 3, "percent_bp": 3000}]},
    {"type": "gift", "sku": "G", "quantity": 1, "every_amount": 30},
    {"type": "shipping_off", "percent_bp": 5000},
    {"type": "points_multiplier", "times_bp": 20_000},
    {"type": "issue_coupon", "batch": "b", "quantity": 1},
]


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    work = [document]
    while work:
        node = work.pop()
        entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(entries):
            found.append((node, key))
            work.append(value)
    return found


def mutated(rnd: random.Random, document: Any) -> Any:
    document = copy.deepcopy(document)
    for _ in range(rnd.choice([1, 1, 2, 5])):
        spots = places(document)
        if not spots:
            return rnd.choice(JUNK)
        node, key = rnd.choice(spots)
        action = rnd.random()
        if action < 0.6:
            node[key] = copy.deepcopy(rnd.choice(JUNK))
        elif action < 0.75:
            del node[key]
        elif action < 0.9 and isinstance(node, dict):
            node[rnd.choice(["extra", "type", "all", "scope", "", 7])] = copy.deepcopy(rnd.choice(JUNK))
        else:
            other, other_key = rnd.choice(spots)
            node[key] = copy.deepcopy(other.get(other_key) if isinstance(other, dict) else other)
    return document


def full_case(seed: int) -> tuple[Any, Any, Any]:
    facts, promotions, policy = a_case(seed, promotions=5)
    facts |= {"member": {"id": "m", "tags": ["a"], "birthday": "05-12", "joined_on": "2026-01-05"}, "shipping": 5}
    promotions[0] |= {
        "schedule": {"from": "2026-11-01T00:00:00+08:00", "weekdays": [6, 7], "hours": [["18:00", "21:00"]]},
        "when": {"any": [{"fact": "member.tags", "op": "any_of", "value": ["a"]},
                         {"not": {"fact": "member.days_to_birthday", "op": "lte", "value": 3}}]},
    }  # fmt: skip
    rnd = random.Random(seed)
    for promotion in promotions:
        if rnd.random() < 0.5:
            promotion["then"] += rnd.sample(OTHER_REWARDS, rnd.randint(1, 2))
    return facts, promotions, policy


def fuzzed(seed: int) -> tuple[Any, Any, Any]:
    """Facts, promotions and policy of a seed; most seeds spoil one of them or more."""
    rnd = random.Random(seed)
    documents = list(full_case(seed))
    for place in rnd.sample(range(3), rnd.choice([0, 1, 1, 1, 2, 3])):
        documents[place] = mutated(rnd, documents[place])
    facts, promotions, policy = documents
    return facts, promotions, policy


def answer(facts: Any, promotions: Any, policy: Any) -> tuple[bool, float]:
    """Whether the documents were priced rather than refused, and the seconds of processor time that it took.

    Anything but a quote or `InvalidInput` that can be written as JSON is raised.
    """
    before = time.thread_time()
    faults: list[Fault] = []
    quote: Any = None
    try:
        quote = Ruleset.compile(promotions, policy).price(facts, explain=True).to_json()
    except InvalidInput as invalid:
        faults = invalid.faults
    spent = time.thread_time() - before
    json.dumps([quote, *(fault.to_json() for fault in faults)])
    assert bool(quote) != bool(faults)
    assert not quote or quote["total"] == sum(line["final"] for line in quote["lines"]) + quote["shipping"]
    return bool(quote), spent


def run_fuzz(first: int, count: int) -> str:
    """Answer so many seeds and say how it went."""
    priced, times = 0, []
    for seed in range(first, first + count):
        try:
            was_priced, spent = answer(*fuzzed(seed))
        except Exception as fault:
            raise AssertionError(f"fuzzed({seed})") from fault
        priced += was_priced
        times.append((spent * 1000, seed))
    times.sort()
    slow = ", ".join(f"{spent:.1f} ms (seed {seed})" for spent, seed in times[-3:])
    return f"{count} documents from seed {first}: {priced} priced, the others refused; slowest {slow}"


def test_mutated_documents_give_a_quote_or_faults() -> None:
    # A long run: python -m tests.promotions.engine.test_hostile 100000
    first = random.randrange(10**9)
    print(f"seeds from {first}")
    priced = sum(answer(*fuzzed(seed))[0] for seed in range(first, first + 1000))
    assert 50 < priced < 950


def written(seed: int, folder: Path) -> list[str]:
    """The arguments for `laxin price` on the files of a seed; some are not even JSON."""
    rnd = random.Random(seed)
    arguments = []
    for name, document in zip(("facts", "promotions", "policy"), fuzzed(seed), strict=True):
        content = json.dumps(document).encode()
        if rnd.random() < 0.1:
            cut = rnd.randrange(len(content) + 1)
            content = content[:cut] + rnd.randbytes(rnd.randint(0, 9)) + content[cut:]
        path = folder / f"{name}.json"
        path.write_bytes(content)
        arguments += [f"--{name}", str(path)]
    return arguments


def check_command(seed: int, code: int, out: str, err: str) -> None:
    if code == 0:
        assert json.loads(out)["currency"], seed
    else:
        assert code == 2, seed
        assert all({"path", "code", "message"} <= fault.keys() for fault in json.loads(err)), seed


def run_command(first: int, count: int, folder: Path) -> str:
    """The same through the real command, each in a process of its own."""
    for seed in range(first, first + count):
        command = [str(Path(sys.executable).parent / "laxin"), "price", *written(seed, folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        check_command(seed, done.returncode, done.stdout, done.stderr)
    return f"{count} through `laxin price` from seed {first}"


def test_the_command_answers_hostile_files_with_quotes_or_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = random.randrange(10**9)
    for seed in range(first, first + 100):
        code = main(written(seed, tmp_path))
        captured = capsys.readouterr()
        check_command(seed, code, captured.out, captured.err)
    print(run_command(first, 2, tmp_path))


def test_junk_alone_is_refused() -> None:
    for junk in JUNK:
        if junk is None:
            continue
        assert validate_promotion(junk)
        for promotions, policy, facts in ((junk, None, {}), ([junk], None, {}), ([], junk, {}), ([], None, junk)):
            with pytest.raises(InvalidInput) as caught:
                Ruleset.compile(promotions, policy).price(facts)
            assert caught.value.faults


def test_the_largest_numbers_are_priced_exactly() -> None:
    most = 2**53 - 1
    facts = {
        "currency": "CNY",
        "now": "0001-01-01T00:00:00+23:59",
        "channel": "pos",
        "shipping": most,
        "lines": [
            {"id": "a", "sku": "A", "quantity": most, "unit_price": most, "unit_cost": most},
            {"id": "b", "sku": "B", "quantity": 1, "unit_price": 1},
        ],
    }
    promotions = [
        {"id": "p", "lane": "price", "then": [{"type": "percent_off", "percent_bp": 3333}]},
        {"id": "q", "lane": "order", "floor_margin_bp": most, "then": [{"type": "amount_off", "amount": most}]},
    ]

    quote = Ruleset.compile(promotions, DEFAULT_POLICY).price(facts)

    assert quote.subtotal == most * most + 1
    assert quote.total == sum(line.final for line in quote.lines) + most


def test_one_cart_that_many_promotions_fight_over_is_priced() -> None:
    facts, _, _ = a_case(3)
    promotions = [
        {"id": f"p{n}", "lane": "order", "then": [{"type": "percent_off", "percent_bp": 100 + n}]} for n in range(300)
    ]

    quote = Ruleset.compile(promotions, {"lanes": [{"lane": "order", "mode": "best"}]}).price(facts, explain=True)

    assert not quote.exact
    assert quote.total >= 0


if __name__ == "__main__":
    start = random.randrange(10**9)
    print(run_fuzz(start, int(sys.argv[1])))
    with tempfile.TemporaryDirectory() as scratch:
        print(run_command(start, 100, Path(scratch)))
