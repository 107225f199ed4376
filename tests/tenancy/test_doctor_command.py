"""What `laxin doctor` prints."""

import io

import pytest
from django.core.management import call_command


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize(("arguments", "end"), [(["--shop", "north"], " in 1 shop."), ([], " in 2 shops.")])
def test_shops_are_counted_in_plain_english(arguments: list[str], end: str) -> None:
    out = io.StringIO()

    call_command("doctor", *arguments, stdout=out)

    assert out.getvalue().strip().endswith(f" invariants hold{end}")
