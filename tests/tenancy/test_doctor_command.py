"""What `laxin doctor` prints."""

import io

import pytest
from django.core.management import call_command
from pytest_django import Settings


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize(("arguments", "end"), [(["--shop", "north"], " in 1 shop."), ([], " in 2 shops.")])
def test_shops_are_counted_in_plain_english(arguments: list[str], end: str) -> None:
    out = io.StringIO()

    call_command("doctor", *arguments, stdout=out)

    assert out.getvalue().strip().endswith(f" invariants hold{end}")


@pytest.mark.usefixtures("shops")
def test_a_demo_shop_that_does_not_exist_is_found(settings: Settings) -> None:
    settings.DEMO_SHOP = "nobody"
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)

    assert out.getvalue().startswith("nobody: tenants.demo_shop_exists: LAXIN_DEMO_SHOP names a shop that does not")
