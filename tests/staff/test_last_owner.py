"""A shop keeps an active owner, whoever writes and at whatever moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, connections, transaction
from staff.models import User

from tenants.models import Shop
from tenants.transaction import tenant_transaction


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def demote(user: User) -> None:
    User.objects.filter(pk=user.pk).update(role="manager")


def delete(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM staff_user WHERE id = %s", [user.pk])


each_way = pytest.mark.parametrize("change", [deactivate, demote, delete])


@each_way
def test_the_last_owner_stays(shop: Shop, owner_user: User, change: Callable[[User], None]) -> None:
    User.objects.create_user("second@north.example", role="owner", is_active=False)
    User.objects.create_user("third@north.example", role="manager")

    with pytest.raises(IntegrityError, match="keeps an active owner"), transaction.atomic():
        change(owner_user)

    owner_user.refresh_from_db()
    assert (owner_user.role, owner_user.is_active) == ("owner", True)


@each_way
def test_one_of_two_owners_may_go(shop: Shop, owner_user: User, change: Callable[[User], None]) -> None:
    second = User.objects.create_user("second@north.example", role="owner")

    change(second)

    assert User.objects.filter(role="owner", is_active=True).get() == owner_user


@each_way
def test_two_owners_who_go_at_the_same_moment_do_not_both_succeed(
    live_shops: tuple[Shop, Shop], change: Callable[[User], None]
) -> None:
    north = live_shops[0]
    with tenant_transaction(north):
        owners = [User.objects.get(), User.objects.create_user("second@north.example", role="owner")]
    barrier = Barrier(2)

    def go(user: User) -> bool:
        try:
            with tenant_transaction(north):
                User.objects.exists()
                barrier.wait(10)
                change(user)
                return True
        except IntegrityError:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(go, owners))

    assert sorted(outcomes) == [False, True]
    with tenant_transaction(north):
        assert User.objects.filter(role="owner", is_active=True).count() == 1
