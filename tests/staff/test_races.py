"""A link used by many at once signs in one of them; and what would happen without the conditional write."""

import threading
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import connections
from kernel.ids import hash_secret
from staff.errors import LinkUnusable
from staff.models import SignInLink, User
from staff.services import create_sign_in_link, use_sign_in_link

from tenants.models import Shop
from tenants.transaction import tenant_transaction

CLIENTS = 8
type Use = Callable[[str, datetime, threading.Barrier], UUID]


def use(secret: str, now: datetime, barrier: threading.Barrier) -> UUID:
    """As the console does it."""
    barrier.wait()
    return use_sign_in_link(secret=secret, now=now)


def use_unguarded(secret: str, now: datetime, barrier: threading.Barrier) -> UUID:
    """Look first and write afterwards: the way that is not taken."""
    link = SignInLink.objects.get(secret_hash=hash_secret(secret), used_at=None)
    barrier.wait()
    SignInLink.objects.filter(pk=link.pk).update(used_at=now)
    return link.user_id


def count_sessions(shop: Shop, use: Use, now: datetime) -> int:
    """How many of simultaneous clients get in by one link."""
    with tenant_transaction(shop):
        secret = create_sign_in_link(user_id=User.objects.get().pk, now=now)
    barrier = threading.Barrier(CLIENTS)
    signed_in: list[UUID] = []

    def run() -> None:
        try:
            with tenant_transaction(shop):
                signed_in.append(use(secret, now, barrier))
        except LinkUnusable:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(signed_in)


def test_of_many_clients_with_one_link_one_gets_in(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    assert count_sessions(live_shops[0], use, now) == 1


def test_without_the_conditional_write_all_would_get_in(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    assert count_sessions(live_shops[0], use_unguarded, now) == CLIENTS
