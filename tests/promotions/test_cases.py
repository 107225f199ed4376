"""The table cases in `cases/`, priced by the engine and by the oracle."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.promotions.oracle.check import by_engine, by_oracle
from tests.promotions.oracle.generator import Case
from tests.promotions.oracle.notation import expected, outcome, read_case

CASES = [
    pytest.param(table, id=f"{path.stem}: {table['says']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.toml"))
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
]


def test_there_are_cases_for_every_rule() -> None:
    assert len(CASES) >= 300


@pytest.mark.parametrize("price", [by_engine, by_oracle], ids=["engine", "oracle"])
@pytest.mark.parametrize("table", CASES)
def test_case(table: dict[str, Any], price: Callable[[Case], Any]) -> None:
    quote = price(read_case(table))
    assert isinstance(quote, dict), quote
    assert outcome(quote) == expected(table)


@pytest.mark.parametrize("table", CASES)
def test_engine_and_oracle_say_the_same_to_the_letter(table: dict[str, Any]) -> None:
    assert by_engine(read_case(table)) == by_oracle(read_case(table))
