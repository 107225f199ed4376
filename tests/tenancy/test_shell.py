"""`laxin shell`: a shop's tables are reached by entering it, and by nothing else."""

import re

import pytest
from django.core.management import CommandError, call_command
from kernel.models import OutboxEvent
from staff.models import User

from tenants.errors import TenancyError
from tenants.models import Shop
from tenants.transaction import find_current_shop, tenant_transaction
from tests.settings import ROOT

RUNBOOK = ROOT / "docs/runbooks/operators.md"
WRITE = "from kernel.outbox import publish; publish(topic='shell.was_here', payload={})"
READ = "print(sorted(User.objects.values_list('email', flat=True)))"


def topics(shop: Shop) -> list[str]:
    with tenant_transaction(shop):
        return list(OutboxEvent.objects.values_list("topic", flat=True))


def shell(code: str, *arguments: str) -> None:
    call_command("shell", *arguments, "-v", "0", "-c", code)


def test_with_a_shop_all_of_it_is_inside_and_committed(
    live_shops: tuple[Shop, Shop], capsys: pytest.CaptureFixture[str]
) -> None:
    shell(f"{READ}\n{WRITE}", "--shop", "south")
    assert capsys.readouterr().out == "['owner@south.example']\n"
    assert [topics(shop) for shop in live_shops] == [[], ["shell.was_here"]]
    assert find_current_shop() is None


def test_what_raises_is_undone(live_shops: tuple[Shop, Shop]) -> None:
    with pytest.raises(ZeroDivisionError):
        shell(f"{WRITE}\n1 / 0", "--shop", "north")
    assert topics(live_shops[0]) == []


def test_without_a_shop_one_is_entered_for_each_piece_of_work(
    live_shops: tuple[Shop, Shop], capsys: pytest.CaptureFixture[str]
) -> None:
    entering = "for shop in list_shops():\n  with enter_shop(shop.slug):\n    "
    shell(f"{entering}{READ}")
    assert capsys.readouterr().out == "['owner@north.example']\n['owner@south.example']\n"
    with pytest.raises(TenancyError, match="outside a tenant transaction"):
        shell("print(OutboxEvent.objects.count())")


def test_an_owners_address_is_confirmed_as_the_runbook_says(live_shops: tuple[Shop, Shop]) -> None:
    with tenant_transaction(live_shops[0]):
        User.objects.update(email_is_proven=False)
    (code,) = re.findall(r'laxin shell --shop corner -c "([^"]+)"', RUNBOOK.read_text())

    shell(code.replace("li@x.example", "owner@north.example"), "--shop", "north")

    with tenant_transaction(live_shops[0]):
        assert User.objects.get().email_is_proven


@pytest.mark.usefixtures("shops")
def test_an_unknown_shop_is_named() -> None:
    with pytest.raises(CommandError, match="There is no shop 'nowhere'"):
        shell("1", "--shop", "nowhere")
