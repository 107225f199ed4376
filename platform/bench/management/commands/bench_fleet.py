"""`laxin bench_fleet`: make many shops in a throwaway installation for `laxin bench tenancy`; timings as JSON."""

import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from catalog.models import Product
from checkout.models import Order
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from kernel.ids import new_secret
from members.models import Member
from staff.models import User
from staff.services import open_shop
from stock.models import Balance

from tenants.backend.base import DatabaseWrapper
from tenants.deletion import delete_shop, search_traces
from tenants.export import export_shop
from tenants.models import Shop
from tenants.pool import refill_pool
from tenants.provisioning import create_shop
from tenants.restore import restore_shop
from tenants.selectors import list_shops
from tenants.transaction import tenant_transaction

ON_THE_SPOT = 20
CLAIMS = 20
UNITS = 5


class Command(BaseCommand):
    """Each figure is a list of milliseconds, one an operation."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The size of the fleet."""
        parser.add_argument("--shops", type=int, required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the shops; the figures are taken among all of them."""
        now, shops = datetime.now(UTC), options["shops"]
        opened = open_shop(
            slug="unit", name="Unit", email="bench@example.com", password=new_secret(), language="en", now=now
        )
        for number in range(max(shops - 1 - ON_THE_SPOT - CLAIMS, 0)):
            _make(f"shop-{number}", now)
        figures = {"spot": _time(ON_THE_SPOT, lambda number: _make(f"spot-{number}", now))}
        figures["refill"] = _time(CLAIMS, lambda number: refill_pool(size=number + 1))
        figures["claim"] = _time(CLAIMS, lambda number: _make(f"claim-{number}", now))
        with tempfile.TemporaryDirectory() as folder:
            figures |= _time_unit(opened.shop, Path(folder) / "unit.tar.gz", now)
        print(json.dumps({"figures": figures, "backend_mb": _visit_all(), "recycled": _visit_as_requests_do()}))


def _make(slug: str, now: datetime) -> None:
    """With an owner who has no password yet: hashing one takes longer than all the rest."""
    with create_shop(slug=slug, name="A shop", language="en", now=now):
        User.objects.create_user(f"owner@{slug}.example")
    connection.close()  # as after a request: one backend that made them all would be slow at it by its caches


def _time_unit(shop: Any, file: Path, now: datetime) -> dict[str, list[float]]:
    def export(_number: int) -> None:
        with file.open("wb") as target:
            export_shop(shop=shop, file=target, now=now)

    def restore(number: int) -> None:
        with file.open("rb") as source:
            copies.append(restore_shop(file=source, slug=f"copy-{number}", now=now).shop)

    def delete(number: int) -> None:
        deleted.append(delete_shop(shop=copies[number], now=now))

    copies: list[Any] = []
    deleted: list[Any] = []
    return {
        "export": _time(UNITS, export),
        "restore": _time(UNITS, restore),
        "delete": _time(UNITS, delete),
        "search": _time(1, lambda _number: search_traces(canaries=deleted[0].canaries)),
    }


def _time(times: int, operation: Callable[[int], object]) -> list[float]:
    milliseconds = []
    for number in range(times):
        began = time.perf_counter()
        operation(number)
        milliseconds.append((time.perf_counter() - began) * 1000)
    return milliseconds


def _visit_all() -> list[float]:
    """Private megabytes of one database backend before and after a query on five tables of every shop."""
    _start_anew()
    pid = _backend()
    before = _private_mb(pid)
    for shop in list_shops():
        _visit(shop)
    return [before, _private_mb(pid)]


def _visit_as_requests_do() -> dict[str, float]:
    """The same with the connection given back to the pool after each shop: the largest backend, and how many served."""
    _start_anew()
    largest, pids = 0.0, set()
    for shop in list_shops():
        _visit(shop)
        pids.add(pid := _backend())
        largest = max(largest, _private_mb(pid))
        connection.close()
    return {"mb": largest, "backends": len(pids)}


def _start_anew() -> None:
    """Without the backends that made the shops: these know them already."""
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


def _visit(shop: Shop) -> None:
    with tenant_transaction(shop):
        for model in (User, Product, Order, Member, Balance):
            model.objects.count()


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _private_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return round(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024, 1)
