"""Load on a real web server while database backends are killed, and a ledger of what it acknowledged.

Clients join and buy over the API. What is not answered is sent again under the same key until it is, so that in the end
each must be there exactly once.
"""

import itertools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
from checkout.models import Order
from coupons.services import create_batch
from coupons.types import BatchInput
from django.db import connections
from django.utils import timezone
from joining.services import create_join_link
from members.models import Member
from psycopg import sql

from tenants.doctor import find_broken
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.storefront_api.documents import CART_CREATE, CHECKOUT, JOIN
from tests.support.database import TestServer
from tests.support.live import LiveServer, live_server
from tests.support.storefront import make_key, make_product

CLIENTS = 4
PATIENCE_SECONDS = 60
CODE = "chaos"


@dataclass
class Report:
    """What happened. `pauses` are the seconds from each kill to the next answer that was asked for after it."""

    joined: list[tuple[str, str]] = field(default_factory=list)  # shop, phone
    ordered: list[tuple[str, str]] = field(default_factory=list)  # shop, order number
    repeated: int = 0
    kills: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"chaos: {len(self.joined)} joins and {len(self.ordered)} orders acknowledged, {self.repeated} requests"
            f" repeated, {len(self.kills)} kills, served again after {max(self.pauses, default=0):.2f} s at most,"
            f" {sum(self.pauses) / max(len(self.pauses), 1):.2f} s on average, {len(self.wrong)} faults"
        )


def run_chaos(
    server: TestServer,
    shops: Sequence[Shop],
    home: Path,
    *,
    seconds: float,
    kill_every: float,
    seed: int,
    least_kills: int = 1,
) -> Report:
    """Load and kills, on the database in use; then look for every acknowledged join and order.

    For `seconds`, and on a busy machine until there were `least_kills`.
    """
    with psycopg.connect(str(server.owner_url("postgres")), autocommit=True) as connection:
        # The tests' server may lose commits when it crashes. What the system has is safe from a crash of PostgreSQL.
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(sql.Identifier(server.used)))
    report = Report()
    keys = {shop.slug: prepare(shop) for shop in shops}
    with psycopg.connect(server.admin, autocommit=True) as connection:
        # What was made just now is not part of the load: replaying it would be the first recovery's time.
        connection.execute("CHECKPOINT")
    with live_server(server, home) as web:
        load = Load(shops, keys, web, report)
        clients = [Client(number, seed, load) for number in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            work = [pool.submit(client.run) for client in clients]
            try:
                kill_now_and_then(server, web, shops[0], report, seconds=seconds, every=kill_every, least=least_kills)
            finally:
                load.stop.set()
            for each in work:
                each.result()
    for alias in ("default", "owner"):
        connections[alias].close()  # they were killed too
    report.wrong += find_faults(shops, report)
    print(report)
    return report


def prepare(shop: Shop) -> str:
    """Something to buy and a link to join by. The shop's key."""
    now = timezone.now()
    with tenant_transaction(shop):
        make_product(now, quantity=1_000_000)
        batch = create_batch(
            data=BatchInput(
                name="New", kind="amount", amount_minor=100, minimum_spend_minor=0, total=1_000_000, valid_days=30
            ),
            now=now,
        )
        create_join_link(name="Chaos", code=CODE, batch_id=batch, channel="", opens_at=None, closes_at=None, now=now)
        return make_key(now, kind="secret")  # joins with it are not limited


@dataclass(frozen=True)
class Load:
    """What the clients share; `keys` by slug."""

    shops: Sequence[Shop]
    keys: dict[str, str]
    web: LiveServer
    report: Report
    stop: threading.Event = field(default_factory=threading.Event)


class Client:
    """A thread that joins and buys, and keeps what was acknowledged."""

    def __init__(self, number: int, seed: int, load: "Load") -> None:
        self.number, self.load, self.report = number, load, load.report
        self.random = random.Random(f"{seed}/{number}")
        self.numbers = itertools.count()

    def run(self) -> None:
        """One after the other until told to stop; what was begun is finished."""
        while not self.load.stop.is_set():
            shop, number = self.random.choice(self.load.shops), next(self.numbers)
            if self.random.random() < 0.5:
                self.join(shop, number)
            else:
                self.buy(shop, number)

    def join(self, shop: Shop, number: int) -> None:
        phone = f"+86138{self.number:02}{number:06}"
        if self.ask(shop, JOIN, joinCode=CODE, phone=phone, idempotencyKey=f"join-{phone}"):
            self.report.joined.append((shop.slug, phone))

    def buy(self, shop: Shop, number: int) -> None:
        key = f"buy-{self.number}-{number}"
        cart = self.ask(shop, CART_CREATE, lines=[{"sku": "TEA", "quantity": 1}], idempotencyKey=key)
        if cart is None:
            return
        wanted = {"cartId": cart["cart"]["id"], "payment": {"method": "OFFLINE"}, "idempotencyKey": key}
        if done := self.ask(shop, CHECKOUT, **wanted):
            self.report.ordered.append((shop.slug, done["order"]["number"]))

    def ask(self, shop: Shop, document: str, **input: Any) -> dict[str, Any] | None:
        """Send it until it is answered. None, and a fault, for a refusal."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = post(self.load.web, shop, self.load.keys[shop.slug], document, input)
            if answer is not None:
                (payload,) = (answer.get("data") or {"": None}).values()
                if payload is None or payload["userErrors"]:
                    self.report.wrong.append(f"{shop.slug} refused {input}: {answer}")
                    return None
                return dict(payload)
            self.report.repeated += 1
            time.sleep(0.02)
        self.report.wrong.append(f"{shop.slug} did not answer {input} within {PATIENCE_SECONDS} s")
        return None


def post(web: LiveServer, shop: Shop, key: str, document: str, variables: dict[str, Any]) -> dict[str, Any] | None:
    """One request; None where it was not answered with a 200."""
    body = json.dumps({"query": document, "variables": {"input": variables}})
    headers = {
        "Host": f"{shop.slug}.localhost:{web.port}",
        "Content-Type": "application/json",
        "X-Storefront-Key": key,
    }
    connection = HTTPConnection("127.0.0.1", web.port, timeout=20)
    try:
        connection.request("POST", "/graphql/", body, headers)
        response = connection.getresponse()
        content = response.read()
        return dict(json.loads(content)) if response.status == 200 else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def kill_now_and_then(
    server: TestServer, web: LiveServer, shop: Shop, report: Report, *, seconds: float, every: float, least: int
) -> None:
    """In turns: all backends of the application are told to end; one gets SIGKILL and PostgreSQL starts anew."""
    end = time.monotonic() + seconds
    for turn in itertools.count():
        if turn >= least and time.monotonic() + every > end:
            break
        time.sleep(every)
        if turn % 2 == 0:
            report.kills.append(kill_one(server))
        else:
            report.kills.append(terminate_all(server))
        killed = time.monotonic()
        while time.monotonic() < killed + PATIENCE_SECONDS:
            if is_served(web, shop):
                report.pauses.append(time.monotonic() - killed)
                break
            time.sleep(0.01)
        else:
            report.wrong.append(f"not served again {PATIENCE_SECONDS} s after {report.kills[-1]}")


def is_served(web: LiveServer, shop: Shop) -> bool:
    """A page of the shop that reads the database."""
    connection = HTTPConnection("127.0.0.1", web.port, timeout=20)
    with suppress(OSError, HTTPException):
        connection.request("GET", f"/j/{CODE}", headers={"Host": f"{shop.slug}.localhost:{web.port}"})
        return connection.getresponse().status == 200
    return False


_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = %s ORDER BY query_start DESC"


def terminate_all(server: TestServer) -> str:
    """`pg_terminate_backend` for every connection of the application's login."""
    with psycopg.connect(server.admin, autocommit=True) as connection:
        pids = connection.execute(_BACKENDS, [server.used, server.app_url(server.used).user]).fetchall()
        for (pid,) in pids:
            connection.execute("SELECT pg_terminate_backend(%s)", [pid])
    return f"pg_terminate_backend of {len(pids)}"


def kill_one(server: TestServer) -> str:
    """SIGKILL for one backend of the application, a child of this run's own server: all others restart with it."""
    with psycopg.connect(server.admin, autocommit=True) as connection:
        row = connection.execute(_BACKENDS, [server.used, server.app_url(server.used).user]).fetchone()
    assert row is not None, "the application has no connection"
    assert parent_of(row[0]) == server.postgres.pid
    os.kill(row[0], signal.SIGKILL)
    return f"SIGKILL of {row[0]}"


def parent_of(pid: int) -> int:
    """The parent of a process, from /proc."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def find_faults(shops: Sequence[Shop], report: Report) -> list[str]:
    """What was acknowledged and is not there exactly once, what is there without a client knowing, and the doctor's."""
    faults = []
    for shop in shops:
        with tenant_transaction(shop):
            phones = sorted(str(phone) for phone in Member.objects.values_list("phone", flat=True))
            numbers = sorted(str(number) for number in Order.objects.values_list("number", flat=True))
        wanted = sorted(phone for slug, phone in report.joined if slug == shop.slug)
        if phones != wanted:
            faults.append(f"{shop.slug}: members {set(phones) ^ set(wanted)}, {len(phones)} for {len(wanted)}")
        wanted = sorted(number for slug, number in report.ordered if slug == shop.slug)
        if numbers != wanted:
            faults.append(f"{shop.slug}: orders {set(numbers) ^ set(wanted)}, {len(numbers)} for {len(wanted)}")
    return faults + [f"{each.shop}: {each.invariant}: {each.detail}" for each in find_broken(shops)]
