"""Random work of several clients over many shops, with a model of what each shop must then contain.

Each client is a thread with a connection of its own; all meet at a pooler with one server connection. What a client
writes names its shop, so a row of another shop is seen at once; and it knows all that it wrote itself, so a lost or a
misplaced row is seen too. The program of a client follows from the seed; how the clients interleave does not.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import Event, Lock, Timer
from typing import Any

from celery import shared_task
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from kernel.models import OutboxEvent

from tenants.errors import ShopUnknown, TenancyError
from tenants.models import Shop
from tenants.provisioning import create_shop
from tenants.schemas import owner_cursor
from tenants.selectors import list_shops
from tenants.tasks import HEADER
from tenants.transaction import find_current_shop, outside, tenant_transaction
from tests.support.shops import owner_email

CLIENTS = 4
MOST_ROWS = 12
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)

type Key = tuple[str, str]  # table, key
type Rows = dict[Key, int]
type Enter = Callable[[Shop], AbstractContextManager[None]]


class Undo(Exception):
    """The application raises within a block."""


class LeakFound(AssertionError):
    """A client saw what it must not see, or did not find what it had written."""


@shared_task(ignore_result=False)
def write_in_task(table: str, key: str, value: int, fails: bool) -> str | None:
    """Write a row; or write it and fail, which must leave nothing."""
    write(table, key, value)
    if fails:
        raise Undo
    shop = find_current_shop()
    return shop.slug if shop else None


def write(table: str, key: str, value: int) -> None:
    """Make a row by the ORM. `django_session` is in public too: a misplaced row would raise no error."""
    if table == "session":
        Session.objects.create(session_key=key, session_data=str(value), expire_date=FUTURE)
    else:
        OutboxEvent.objects.create(topic=key, payload=value)


@dataclass
class Progress:
    """What all clients share."""

    wanted: int
    leaks: list[str] = field(default_factory=list)
    first_leak: int = 0
    operations: int = 0
    transactions: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def note(self, kind: str) -> bool:
        """Count an operation; False when there are enough."""
        with self.lock:
            if self.stop.is_set() or self.operations >= self.wanted:
                return False
            self.operations += 1
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            return True

    def leak(self, text: str) -> None:
        with self.lock:
            self.leaks.append(text)
            self.first_leak = self.first_leak or self.operations
        self.stop.set()


class Client:
    """One thread's work. `stock`: only what knows nothing of our tenancy, for the negative control."""

    def __init__(
        self, number: int, seed: int, shops: Sequence[Shop], progress: Progress, *, enter: Enter, stock: bool
    ) -> None:
        self.name, self.shops, self.progress, self.enter, self.stock = f"c{number}", shops, progress, enter, stock
        self.random = random.Random(f"{seed}/{number}")
        self.rows: dict[str, Rows] = {shop.slug: {} for shop in shops}
        self.draft: Rows = {}
        self.shop = shops[0]
        self.depth = 0
        self.numbers = count()
        inside: dict[Callable[[], None], int] = {
            self.look: 20, self.look_raw: 10, self.create: 25, self.create_raw: 8, self.change: 10, self.delete: 8,
            self.undo_savepoint: 6, self.keep_savepoint: 4, self.fail_in_savepoint: 3, self.look_at_the_owner: 4,
        }  # fmt: skip
        ours: dict[Callable[[], None], int] = {
            self.read_in_parts: 3, self.enter_again: 3, self.enter_another: 2, self.go_outside: 4, self.call_task: 4,
            self.hook: 3, self.use_cache: 3, self.time_out: 1, self.look_up_content_type: 2,
        }  # fmt: skip
        without: dict[Callable[[], None], int] = {
            self.look_at_public: 4, self.ask_without_a_shop: 3, self.task_from_outside: 4, self.visit_two: 3,
            self.vanish: 1, self.cancel: 1, self.task_of_a_deleted_shop: 1, self.come_back: 9,
        }  # fmt: skip
        self.inside = inside if stock else inside | ours
        self.without = {} if stock else without

    def run(self) -> None:
        """Work until there are enough operations or a leak was found."""
        try:
            while not self.progress.stop.is_set() and self.progress.operations < self.progress.wanted:
                if self.without and self.random.random() < 0.12:
                    self.do(self.without)
                else:
                    self.transact()
        except LeakFound as leak:
            self.progress.leak(f"{self.name} in {self.shop.slug}: {leak}")
        finally:
            connections.close_all()

    def transact(self) -> None:
        """One transaction in some shop; its rows count when it commits."""
        self.open(self.random.choice(self.shops))
        try:
            with self.enter(self.shop):
                for _ in range(self.random.randint(1, 6)):
                    self.do(self.inside)
                if self.random.random() < 0.15 and not self.stock:
                    raise Undo
        except Undo:
            return
        except OperationalError as error:
            if "statement timeout" not in str(error):
                raise
            return
        self.rows[self.shop.slug] = self.draft

    def open(self, shop: Shop) -> None:
        """Begin a draft of the shop's rows."""
        self.progress.transactions += 1
        self.shop, self.draft = shop, dict(self.rows[shop.slug])

    def do(self, kinds: dict[Callable[[], None], int]) -> None:
        """Do one of these, by their weights."""
        (kind,) = self.random.choices(list(kinds), list(kinds.values()))
        if self.progress.note(kind.__name__):
            kind()

    # Inside a transaction

    def look(self) -> None:
        """All rows of both tables: the shop's alone, and of this client's exactly those it wrote."""
        seen = {("outbox", key): int(value) for key, value in OutboxEvent.objects.values_list("topic", "payload")}
        rows = Session.objects.values_list("session_key", "session_data")
        self.compare(seen | {("session", key): int(value) for key, value in rows})

    def look_raw(self) -> None:
        """The same by a cursor."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 'outbox', topic, payload::text FROM kernel_outboxevent"
                " UNION ALL SELECT 'session', session_key, session_data FROM django_session"
            )
            self.compare({(table, key): int(value) for table, key, value in cursor.fetchall()})

    def compare(self, seen: Rows) -> None:
        """Raise LeakFound at a difference; the rows of other clients are theirs to compare."""
        foreign = [key for _table, key in seen if not key.startswith(f"{self.shop.slug}.")]
        if foreign:
            raise LeakFound(f"rows of another shop: {foreign[:3]}")
        mine = {key: value for key, value in seen.items() if key[1].startswith(f"{self.shop.slug}.{self.name}.")}
        if mine != self.draft and not self.stock:
            raise LeakFound(f"rows differ from those written: {set(mine.items()) ^ set(self.draft.items())}")

    def new_row(self) -> tuple[str, str, int]:
        number = next(self.numbers)
        table = self.random.choice(["outbox", "session"])
        return table, f"{self.shop.slug}.{self.name}.{number}", number

    def create(self) -> None:
        if len(self.draft) >= MOST_ROWS:
            return self.delete()
        table, key, value = self.new_row()
        write(table, key, value)
        self.draft[table, key] = value
        return None

    def create_raw(self) -> None:
        _table, key, value = self.new_row()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO kernel_outboxevent (topic, payload) VALUES (%s, %s::jsonb)", [key, str(value)])
        self.draft["outbox", key] = value

    def pick(self) -> Key | None:
        return self.random.choice(list(self.draft)) if self.draft else None

    def change(self) -> None:
        if picked := self.pick():
            table, key = picked
            value = next(self.numbers)
            if table == "session":
                changed = Session.objects.filter(session_key=key).update(session_data=str(value))
            else:
                changed = OutboxEvent.objects.filter(topic=key).update(payload=value)
            self.expect(changed, 1)
            self.draft[picked] = value

    def delete(self) -> None:
        if picked := self.pick():
            table, key = picked
            rows: Any = Session.objects.filter(session_key=key) if table == "session" else None
            rows = OutboxEvent.objects.filter(topic=key) if rows is None else rows
            self.expect(rows.delete()[0], 1)
            del self.draft[picked]

    def expect(self, found: object, wanted: object) -> None:
        if found != wanted and not self.stock:
            raise LeakFound(f"found {found!r}, expected {wanted!r}")

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A deeper block; what raised in it leaves nothing in the draft."""
        before = dict(self.draft)
        self.depth += 1
        try:
            yield
        except BaseException:
            self.draft = before
            raise
        finally:
            self.depth -= 1

    def steps(self) -> None:
        for _ in range(self.random.randint(1, 3)):
            if self.depth < 4:
                self.do(self.inside)

    def undo_savepoint(self) -> None:
        try:
            with self.nested(), transaction.atomic():
                self.steps()
                raise Undo
        except Undo:
            self.look()

    def keep_savepoint(self) -> None:
        with self.nested(), transaction.atomic():
            self.steps()

    def fail_in_savepoint(self) -> None:
        try:
            with self.nested(), transaction.atomic(), connection.cursor() as cursor:
                self.create()
                cursor.execute("SELECT 1 / 0")
        except DatabaseError:
            self.look_raw()

    def look_at_the_owner(self) -> None:
        """`staff_user` is in public too, where it is empty."""
        emails = list(get_user_model().objects.values_list("email", flat=True))
        if emails != [owner_email(self.shop.slug)]:
            raise LeakFound(f"users of another schema: {emails}")

    # Inside, of our tenancy

    def read_in_parts(self) -> None:
        keys = {event.topic for event in OutboxEvent.objects.order_by("id").iterator(chunk_size=2)}
        mine = {key for table, key in self.draft if table == "outbox"}
        self.expect({key for key in keys if key.startswith(f"{self.shop.slug}.{self.name}.")}, mine)

    def enter_again(self) -> None:
        try:
            with self.nested(), tenant_transaction(self.shop):
                self.steps()
                if self.random.random() < 0.5:
                    raise Undo
        except Undo:
            self.look()

    def enter_another(self) -> None:
        other = self.random.choice(self.shops)
        if other == self.shop:
            return
        try:
            with tenant_transaction(other):
                raise LeakFound(f"{other.slug} could be entered")
        except TenancyError:
            self.look_raw()

    def go_outside(self) -> None:
        """Commits; meanwhile this client works in another shop."""
        if self.depth:
            return
        with outside():
            self.rows[self.shop.slug] = dict(self.draft)
            kept = self.shop, self.draft
            self.look_at_public()
            self.open(self.random.choice(self.shops))
            with tenant_transaction(self.shop):
                self.look()
                self.create()
            self.rows[self.shop.slug] = self.draft
            self.shop, self.draft = kept
            self.draft = dict(self.rows[self.shop.slug])
        self.look_raw()

    def call_task(self) -> None:
        """A task called in this process runs in a savepoint of the open transaction."""
        self.send({})

    def send(self, headers: dict[str, str]) -> None:
        (table, key, value), fails = self.new_row(), self.random.random() < 0.4
        result = write_in_task.apply((table, key, value, fails), headers=headers or {HEADER: self.shop.schema_name})
        if fails:
            self.expect(type(result.result), Undo)
        else:
            self.expect(result.result, self.shop.slug)
            self.draft[table, key] = value

    def hook(self) -> None:
        transaction.on_commit(self.after_commit)

    def after_commit(self) -> None:
        """Outside every shop; what it needs of one it must enter."""
        self.expect(find_current_shop(), None)
        kept = self.shop, self.draft
        other = self.random.choice([shop for shop in self.shops if shop != self.shop])
        self.open(other)
        with tenant_transaction(other):
            self.look()
        self.shop, self.draft = kept

    def use_cache(self) -> None:
        key = f"fuzz-{self.name}"
        self.expect(cache.get(key, self.shop.slug), self.shop.slug)
        cache.set(key, self.shop.slug)

    def time_out(self) -> None:
        """In a savepoint the transaction goes on; else all of it is lost."""
        inner = self.random.random() < 0.5
        try:
            with self.nested(), transaction.atomic(savepoint=inner), connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 3")
                cursor.execute("SELECT pg_sleep(5)")
        except OperationalError:
            if not inner:
                raise
            self.look()

    def look_up_content_type(self) -> None:
        """Cached in the process by id, for all shops."""
        content_type = ContentType.objects.get_for_model(OutboxEvent)
        self.expect(ContentType.objects.filter(pk=content_type.pk, model="outboxevent").count(), 1)

    # Without a transaction

    def look_at_public(self) -> None:
        self.expect(get_user_model().objects.count(), 0)
        self.expect(Session.objects.count(), 0)
        self.expect({shop.pk for shop in list_shops()} >= {shop.pk for shop in self.shops}, True)

    def ask_without_a_shop(self) -> None:
        try:
            OutboxEvent.objects.count()
        except TenancyError:
            return
        raise LeakFound("a shop's table was read outside a tenant transaction")

    def task_from_outside(self) -> None:
        self.open(self.random.choice(self.shops))
        self.send({HEADER: self.shop.schema_name})
        self.rows[self.shop.slug] = self.draft

    def come_back(self) -> None:
        """As at the end of a request: a pool hands the connection to whoever comes next."""
        connection.close()

    def task_of_a_deleted_shop(self) -> None:
        result = write_in_task.apply(("session", "nobody", 1, False), headers={HEADER: "t_00000000deadbeef"})
        self.expect(type(result.result), ShopUnknown)

    def visit_two(self) -> None:
        """A public transaction that enters two shops, as those of fleets and sign-ups do; sometimes it is undone."""
        visited = []
        try:
            with transaction.atomic():
                for shop in self.random.sample(list(self.shops), 2):
                    self.open(shop)
                    with tenant_transaction(shop):
                        self.look()
                        self.create()
                    visited.append((shop.slug, self.draft))
                    self.look_at_public()
                if self.random.random() < 0.3:
                    raise Undo
        except Undo:
            return
        self.rows.update(visited)

    def vanish(self) -> None:
        """The client's connection breaks inside a transaction: nothing of it is kept."""
        self.open(self.random.choice(self.shops))
        try:
            with tenant_transaction(self.shop):
                self.create()
                connection.connection.close()
                self.look()
        except DatabaseError:
            return
        raise LeakFound("a transaction went on after its connection was closed")

    def cancel(self) -> None:
        """Somebody cancels the query that runs."""
        self.open(self.random.choice(self.shops))
        try:
            with tenant_transaction(self.shop), connection.cursor() as cursor:
                self.create()
                Timer(0.01, connection.connection.cancel_safe).start()
                cursor.execute("SELECT pg_sleep(5)")
        except OperationalError:
            return
        raise LeakFound("a cancelled query went on")


def run_fuzz(
    shops: Sequence[Shop], *, seed: int, operations: int, enter: Enter = tenant_transaction, stock: bool = False
) -> Progress:
    """Run the clients' programs of this seed and compare the database with what they wrote."""
    clear(shops)
    logging.getLogger("celery.app.trace").setLevel(logging.CRITICAL)  # the tasks that fail are meant to
    progress = Progress(operations)
    clients = [Client(number, seed, shops, progress, enter=enter, stock=stock) for number in range(CLIENTS)]
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(client.run) for client in clients]:
            done.result()
    seconds = time.monotonic() - began
    if not stock and not progress.leaks:
        for text in find_differences(shops, clients):
            progress.leak(text)
    print(  # shown where the test fails, and by the soak
        f"fuzz: seed {seed}: {progress.operations} operations in {progress.transactions} transactions,"
        f" {len(shops)} shops, {len(progress.leaks)} leaks, {seconds:.1f} s"
    )
    return progress


def find_differences(shops: Sequence[Shop], clients: Sequence[Client]) -> Iterator[str]:
    """Read every schema as the owner and compare it with the clients' models, key by key."""
    with owner_cursor() as cursor:
        cursor.execute("SELECT session_key FROM public.django_session")
        if misplaced := cursor.fetchall():
            yield f"rows in public: {misplaced[:3]}"
        for shop in shops:
            cursor.execute(
                f"SELECT 'outbox', topic, payload::text FROM {shop.schema_name}.kernel_outboxevent UNION ALL"
                f" SELECT 'session', session_key, session_data FROM {shop.schema_name}.django_session"
            )
            found = {(table, key, int(value)) for table, key, value in cursor.fetchall()}
            wanted = {(*key, value) for client in clients for key, value in client.rows[shop.slug].items()}
            if found != wanted:
                yield f"{shop.slug} differs from what was written: {list(found ^ wanted)[:3]}"


def clear(shops: Sequence[Shop]) -> None:
    """Empty both tables of all shops, and what the process cached."""
    cache.clear()
    with owner_cursor() as cursor:
        for schema in ("public", *(shop.schema_name for shop in shops)):
            cursor.execute(f"DELETE FROM {schema}.django_session")
            if schema != "public":
                cursor.execute(f"DELETE FROM {schema}.kernel_outboxevent")


def make_shops(number: int) -> list[Shop]:
    """Shops with an owner each, besides those of the harness."""
    made = []
    for index in range(number):
        slug = f"shop-{index:03}"
        with create_shop(slug=slug, name=slug.title(), language="en", now=datetime(2026, 1, 1, tzinfo=UTC)) as shop:
            get_user_model().objects.create_user(email=owner_email(slug), password=None, language="en")
        made.append(shop)
    return made
