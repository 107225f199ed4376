"""The tenant transaction and its guard."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from kernel.models import OutboxEvent
from kernel.outbox import publish
from staff.models import ApiKey, User

from tenants.errors import TenancyError
from tenants.models import Shop
from tenants.selectors import list_shops
from tenants.transaction import (
    assert_tenant_transaction,
    current_shop,
    find_current_shop,
    outside,
    tenant_transaction,
)
from tests.support.shops import owner_email

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def topics() -> list[str]:
    return list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True))


def topics_of(shop: Shop) -> list[str]:
    with tenant_transaction(shop):
        return topics()


def session_state() -> tuple[str, str]:
    """Search path and role, as the server has them now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path'), current_user")
        path, role = cursor.fetchone()
        return path, role


def test_a_shop_sees_its_own_rows_only(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    with tenant_transaction(north):
        publish(topic="north.news", payload={})
        assert topics() == ["north.news"]
        assert [user.email for user in User.objects.all()] == [owner_email("north")]
    with tenant_transaction(south):
        assert topics() == []
        assert [user.email for user in User.objects.all()] == [owner_email("south")]


def test_path_and_role_are_the_shops_inside_and_publics_outside(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    outside_before = session_state()
    with tenant_transaction(north):
        assert session_state() == (f"{north.schema_name}, extensions", north.schema_name)
    assert session_state() == outside_before == ("public, extensions", connection.settings_dict["USER"])


def test_a_shops_model_outside_a_tenant_transaction_raises_before_any_sql(shops: tuple[Shop, Shop]) -> None:
    with pytest.raises(TenancyError, match=r"kernel\.OutboxEvent was asked for outside"):
        OutboxEvent.objects.count()
    with pytest.raises(TenancyError):
        OutboxEvent(topic="a.b", payload={}).save()


def test_raw_sql_outside_a_tenant_transaction_finds_no_such_table(shops: tuple[Shop, Shop]) -> None:
    with pytest.raises(ProgrammingError, match='"kernel_outboxevent" does not exist'), transaction.atomic():
        connection.cursor().execute("SELECT 1 FROM kernel_outboxevent")


def test_a_model_of_both_schemas_is_publics_outside(shops: tuple[Shop, Shop]) -> None:
    assert get_user_model().objects.count() == 0


def test_the_application_login_by_itself_reads_no_table_of_any_shop(live_shops: tuple[Shop, Shop]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE has_table_privilege(current_user, oid, privilege))"
            " FROM pg_class, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) privilege"
            " WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text LIKE ANY ('{t\\_%,laxin_shop_template}')"
        )
        tables, readable = cursor.fetchone()
        cursor.execute("SELECT rolsuper, rolinherit, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        attributes = cursor.fetchone()
    assert tables > 300
    assert readable == 0
    assert attributes == (False, False, False)


def test_a_shops_role_reads_no_other_shop_and_no_public_table(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    for table in (f"{south.schema_name}.kernel_outboxevent", "public.tenants_shop", "public.django_session"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tenant_transaction(north),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT 1 FROM {table}")


def test_another_shop_cannot_be_entered_inside_one(shop: Shop, shops: tuple[Shop, Shop]) -> None:
    with pytest.raises(TenancyError, match="cannot be entered"), tenant_transaction(shops[1]):
        pass
    assert current_shop() == shop


def test_the_same_shop_inside_itself_is_a_savepoint(shop: Shop) -> None:
    publish(topic="kept.one", payload={})
    with pytest.raises(ZeroDivisionError), tenant_transaction(shop):
        publish(topic="lost.one", payload={})
        raise ZeroDivisionError
    assert topics() == ["kept.one"]
    assert current_shop() == shop


def test_after_a_savepoint_rolled_back_the_shop_is_still_the_same(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    with tenant_transaction(south):
        publish(topic="south.news", payload={})
    with tenant_transaction(north):
        # The first statement of the block, so that path and role would be set inside the savepoint if set lazily there.
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user(owner_email("north"))
        assert topics() == []
        assert session_state()[1] == north.schema_name


def test_an_error_rolls_back_and_leaves_the_connection_in_public(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    with pytest.raises(ZeroDivisionError), tenant_transaction(north):
        publish(topic="lost.one", payload={})
        raise ZeroDivisionError
    assert find_current_shop() is None
    assert topics_of(north) == []
    assert len(list_shops()) == 2


def test_a_public_transaction_that_enters_a_shop_goes_on_in_public(live_shops: tuple[Shop, Shop]) -> None:
    north, south = live_shops
    with transaction.atomic():
        for shop in (north, south):
            with tenant_transaction(shop):
                publish(topic=f"{shop.slug}.news", payload={})
            assert session_state()[1] == connection.settings_dict["USER"]
    assert (topics_of(north), topics_of(south)) == (["north.news"], ["south.news"])


def test_an_empty_block_sends_nothing(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    connection.ensure_connection()
    with tenant_transaction(north):
        assert connection.connection.info.transaction_status.name == "IDLE"


def test_entering_a_shop_adds_no_query_to_those_of_a_transaction(live_shops: tuple[Shop, Shop]) -> None:
    with CaptureQueriesContext(connection) as queries, tenant_transaction(live_shops[0]):
        assert OutboxEvent.objects.count() == 0
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["BEGIN", "SELECT", "COMMIT"]


def test_a_hook_on_the_commit_is_outside_the_shop(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    seen: list[object] = []

    def hook() -> None:
        seen.append(find_current_shop())
        with pytest.raises(TenancyError):
            OutboxEvent.objects.count()
        seen.append(topics_of(north))

    with tenant_transaction(north):
        publish(topic="a.b", payload={})
        transaction.on_commit(hook)
    assert seen == [None, ["a.b"]]


def test_a_query_after_the_block_ended_raises(live_shops: tuple[Shop, Shop]) -> None:
    with tenant_transaction(live_shops[0]):
        events = OutboxEvent.objects.all()
    with pytest.raises(TenancyError):
        list(events)


def test_large_results_are_read_in_parts_inside_the_shop(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    with tenant_transaction(north):
        for _ in OutboxEvent.objects.iterator(chunk_size=1):  # the first statement is a named cursor
            pass
        for number in range(3):
            publish(topic=f"n.{number}", payload={})
        assert [event.topic for event in OutboxEvent.objects.order_by("id").iterator(chunk_size=1)] == topics()


def test_outside_commits_leaves_and_comes_back(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    with pytest.raises(ZeroDivisionError), tenant_transaction(north):
        publish(topic="kept.one", payload={})
        with outside():
            assert find_current_shop() is None
            assert topics_of(north) == ["kept.one"]
        assert current_shop() == north
        publish(topic="lost.one", payload={})
        raise ZeroDivisionError
    assert topics_of(north) == ["kept.one"]


def test_outside_is_refused_within_a_savepoint(live_shops: tuple[Shop, Shop]) -> None:
    with (
        tenant_transaction(live_shops[0]),
        transaction.atomic(),
        pytest.raises(TenancyError, match="savepoint"),
        outside(),
    ):
        pass


def test_outside_returns_to_the_shop_when_the_block_raises(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    with tenant_transaction(north):
        with pytest.raises(ZeroDivisionError), outside():
            raise ZeroDivisionError
        publish(topic="kept.one", payload={})
    assert topics_of(north) == ["kept.one"]


def test_the_assertion_passes_inside_and_raises_outside(shops: tuple[Shop, Shop]) -> None:
    with tenant_transaction(shops[0]):
        assert_tenant_transaction()
    with pytest.raises(TenancyError):
        assert_tenant_transaction()


def test_a_shop_whose_role_is_gone_cannot_be_entered(live_shops: tuple[Shop, Shop]) -> None:
    stranger = Shop(schema_name="t_0000000000000000", slug="stranger")
    with pytest.raises(DatabaseError, match="does not exist"), tenant_transaction(stranger):
        OutboxEvent.objects.count()
    assert topics_of(live_shops[0]) == []


def test_threads_are_in_their_own_shops(live_shops: tuple[Shop, Shop]) -> None:
    barrier = Barrier(4)

    def work(number: int) -> set[str]:
        shop = live_shops[number % 2]
        try:
            barrier.wait(10)
            seen = set()
            for turn in range(20):
                with tenant_transaction(shop):
                    ApiKey.objects.create(name=shop.slug, kind="public", prefix="pk", key_hash=f"{number}-{turn}")
                    seen |= set(ApiKey.objects.values_list("name", flat=True))
            return seen
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [{"north"}, {"south"}, {"north"}, {"south"}]
