"""Every management command, run: one that names a shop changes that shop alone, one that names none reads none.

A new command fails until it is named here with what it may touch, and how it is called.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import DatabaseError, connections

from tenants.backend.base import DatabaseWrapper
from tenants.domains import add_domain
from tenants.errors import TenancyError
from tenants.models import Domain, Shop
from tenants.selectors import get_shop, list_shops
from tests.support.full_shop import fill_shop
from tests.support.matrix import read_rows

OTHER, MINE = "other.example.com", "mine.example.com"
WRITE = "from kernel.outbox import publish; publish(topic='shell.was_here', payload={})"

# Calls that name north; `archive` is a file. Whether north's own rows (its audit log too) or public row become others.
ONE_SHOP: dict[str, list[tuple[list[str], bool]]] = {
    "billing": [
        (["give", "north", "growth", "--reason", "a test"], True),
        (["show", "north"], False),
        (["events", "--shop", "north"], False),
        (["take", "north"], True),
        (["alerts"], False),
    ],
    "doctor": [(["--shop", "north"], False), (["--shop", "north", "--json"], False)],
    "shell": [(["--shop", "north", "-v", "0", "-c", WRITE], True)],
    "shop": [
        (
            ["create", "north-two", "--name", "North", "--email", "o@north.example", "--password", "correct horse"],
            False,
        ),
        (["list"], False),
        (["suspend", "north"], True),
        (["suspend", "north", "--read-only"], True),
        (["resume", "north"], True),
        (["export", "north", "--to", "archive"], True),
        (["restore", "archive", "--replace"], True),
        (["domain", "add", "north", MINE], True),
        (["domain", "list", "north"], False),
        (["domain", "primary", "north", "own.example.com"], True),
        (["domain", "remove", "north", "own.example.com"], True),
        (["delete", "north", "--yes"], True),
        (["restore", "archive", "--as", "north-copy"], False),
    ],
}
# These refuse what is another shop's.
REFUSED = [["shop", "domain", what, "north", OTHER] for what in ("add", "verify", "primary", "remove")]
# Of one new shop, which they name themselves; of a throwaway database.
OWN_SHOP = {"demo": ["load", "--size", "small"], "bench_seed": ["--products", "3"], "bench_fleet": ["--shops", "1"]}
# The owner's, on all schemas: nothing to do changes nothing.
ALL_SHOPS: dict[str, list[str]] = {"bootstrap": [], "migrate": [], "doctor": []}
# Django's and the libraries', none of which names a shop: whatever they do, they do in public.
IN_PUBLIC: dict[str, list[str]] = {
    "account_unsetmultipleprimaryemails": [], "changepassword": ["nobody"], "clearsessions": [],
    "createcachetable": [], "createsuperuser": ["--noinput", "--email", "op@example.com"], "dumpdata": [],
    "flush": ["--noinput"], "inspectdb": [], "loaddata": ["nowhere.json"],
    "operator": ["add", "op@north.example", "--password", "correct horse battery"],
    "remove_stale_contenttypes": ["--noinput"], "shell": ["-v", "0", "-c", "OutboxEvent.objects.count()"],
    "showmigrations": [], "sqlflush": [], "sqlmigrate": ["kernel", "0001"], "sqlsequencereset": ["kernel"],
}  # fmt: skip
# They start a program, write sources or send a mail; they open no table.
NO_TABLES = {
    "check", "collectstatic", "compilemessages", "dbshell", "diffsettings", "findstatic", "graphql_sdl",
    "makemessages", "makemigrations", "optimizemigration", "runserver", "sendtestemail", "squashmigrations",
    "startapp", "startproject", "test", "testserver",
}  # fmt: skip

type Call = Callable[..., None]


@pytest.fixture
def south(live_shops: tuple[Shop, Shop], now: datetime) -> Shop:
    """The other shop: it has something in most tables, and a domain."""
    for shop in live_shops:
        fill_shop(shop)
    north, south = live_shops
    add_domain(shop=south, host=OTHER, now=now)
    add_domain(shop=north, host="own.example.com", now=now)
    Domain.objects.update(verified_at=now)
    return south


def public_rows(slug: str) -> list[dict[str, Any]]:
    shop = Shop.objects.filter(slug=slug)
    found: list[Any] = [*shop.values(), *Domain.objects.filter(shop__slug=slug).order_by("host").values()]
    return found


def snapshot(slug: str) -> object:
    """All that is a shop's; nothing where it is gone."""
    return (read_rows(get_shop(slug=slug)), public_rows(slug)) if public_rows(slug) else ()


def run(name: str, arguments: list[str], tmp_path: Path) -> None:
    call_command(name, *[str(tmp_path / each) if each == "archive" else each for each in arguments])


def test_every_command_is_named() -> None:
    named = {*ONE_SHOP, *OWN_SHOP, *ALL_SHOPS, *IN_PUBLIC, *NO_TABLES}
    assert set(get_commands()) <= named


def test_every_command_that_takes_a_shop_is_called_with_one() -> None:
    """Found by the option; subcommands by name."""
    taking = set()
    for name, module in get_commands().items():
        if isinstance(module, str) and module.startswith(("django", "allauth", "whitenoise")):
            continue
        parser = load_command_class(module, name).create_parser("laxin", name) if isinstance(module, str) else None
        if parser is not None and "--shop" in parser._option_string_actions:
            taking.add(name)
    assert taking <= set(ONE_SHOP)
    shop = load_command_class("billing", "shop").create_parser("laxin", "shop")
    actions = next(action.choices for action in shop._actions if action.dest == "action")
    assert actions is not None
    assert set(actions) == {arguments[0] for arguments, _ in ONE_SHOP["shop"]}


def test_a_command_changes_the_shop_that_it_names_and_no_other(south: Shop, tmp_path: Path) -> None:
    """In turn, as they build on one another; south is looked at after each."""
    before = snapshot(south.slug)
    for name, calls in sorted(ONE_SHOP.items()):
        for arguments, changes in calls:
            norths = snapshot("north")
            run(name, arguments, tmp_path)
            assert snapshot(south.slug) == before, (name, arguments)
            assert (snapshot("north") != norths) is changes, (name, arguments)
    assert {shop.slug for shop in list_shops()} == {"south", "north-two", "north-copy"}


def test_with_anothers_domain_a_command_changes_nothing(south: Shop, tmp_path: Path) -> None:
    before = [snapshot(slug) for slug in ("north", "south")]
    for name, *arguments in REFUSED:
        with pytest.raises(CommandError):
            run(name, arguments, tmp_path)
    assert [snapshot(slug) for slug in ("north", "south")] == before


def test_a_command_of_all_shops_that_has_nothing_to_do_changes_nothing(south: Shop, tmp_path: Path) -> None:
    before = [snapshot(slug) for slug in ("north", south.slug)]
    for name, arguments in ALL_SHOPS.items():
        run(name, arguments, tmp_path)
        assert [snapshot(slug) for slug in ("north", "south")] == before, name


@pytest.mark.parametrize("name", [name for name in OWN_SHOP if name != "bench_fleet"])
def test_a_command_of_a_shop_of_its_own_leaves_the_others_alone(
    south: Shop, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [snapshot(slug) for slug in ("north", "south")]
    monkeypatch.setenv("LAXIN_HOME", str(tmp_path))
    run(name, OWN_SHOP[name], tmp_path)
    assert [snapshot(slug) for slug in ("north", "south")] == before
    assert len(list_shops()) == 3


def test_a_command_that_names_no_shop_reads_and_changes_none(
    south: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, entered = [snapshot(slug) for slug in ("north", south.slug)], []
    for name, arguments in IN_PUBLIC.items():
        with monkeypatch.context() as patch:
            patch.setattr(DatabaseWrapper, "enter_shop", lambda _self, shop: entered.append(shop))
            with suppress(CommandError, DatabaseError, TenancyError, SystemExit):
                run(name, arguments, tmp_path)
        connections["default"].close()
        said = capsys.readouterr()
        assert entered == [], name
        assert "SKU-0" not in said.out + said.err, name
        assert [snapshot(slug) for slug in ("north", "south")] == before, name


def test_a_shops_tables_are_out_of_reach_where_no_shop_is_named(
    south: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("dumpdata", "catalog", "members", "staff.apikey")
    assert capsys.readouterr().out.strip() == "[]"
    with pytest.raises(TenancyError):
        call_command("shell", "-v", "0", "-c", "OutboxEvent.objects.count()")
