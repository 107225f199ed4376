"""Where somebody is signed in."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from staff.models import User
from staff.people import list_sessions

from tenants.models import Shop
from tests.conftest import ClientFor


@pytest.fixture
def keys(shop: Shop, client_for: ClientFor, owner_user: User) -> list[str]:
    """Of three sessions of the owner, that of the last one seen last."""
    clients = [client_for(shop) for _ in range(3)]
    for client in clients:
        client.force_login(owner_user)
    return [client.cookies["laxin_session"].value for client in clients]


def listed(user: User) -> list[str]:
    return [each.session_key for each in list_sessions(user_id=user.pk)]


def test_open_sessions_are_listed_by_one_statement_however_many(
    keys: list[str], owner_user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.create_user("till@north.example", role="cashier")
    for number in range(20):
        UserSession.objects.create(user=owner_user, ip="127.0.0.1", session_key=f"gone{number}")

    with django_assert_num_queries(1):
        assert listed(owner_user) == keys[::-1]


def test_a_session_that_ended_or_is_over_is_not_listed(keys: list[str], owner_user: User) -> None:
    Session.objects.filter(pk=keys[0]).delete()
    Session.objects.filter(pk=keys[1]).update(expire_date=timezone.now() - timedelta(minutes=1))

    assert listed(owner_user) == [keys[2]]


def test_sessions_of_before_another_password_are_not_listed(keys: list[str], owner_user: User) -> None:
    assert len(listed(owner_user)) == len(keys)
    owner_user.set_password("another-bicycle-9")
    owner_user.save()

    assert listed(owner_user) == []


def test_a_closed_account_is_signed_in_nowhere(keys: list[str], owner_user: User) -> None:
    assert len(listed(owner_user)) == len(keys)
    User.objects.create_user("second@north.example", role="owner")
    User.objects.filter(pk=owner_user.pk).update(is_active=False)

    assert listed(owner_user) == []
