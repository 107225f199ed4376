"""An invitation is good for one account, however many accept it at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections
from django.utils import timezone
from kernel.errors import DomainError
from staff.invitations import accept_invitation, create_invitation
from staff.models import Invitation, User
from staff.selectors import get_access

from tenants.models import Shop
from tenants.transaction import tenant_transaction

THREADS = 6


def test_of_many_who_accept_at_once_one_gets_in(live_shops: tuple[Shop, Shop]) -> None:
    north, now = live_shops[0], timezone.now()
    with tenant_transaction(north):
        owner = User.objects.get()
        issued = create_invitation(
            email="new@north.example",
            role="cashier",
            access=get_access(user=owner),
            inviter=owner.pk,
            invited_by="owner",
            now=now,
        )
    barrier = Barrier(THREADS)

    def accept(number: int) -> bool:
        try:
            with tenant_transaction(north):
                User.objects.exists()
                barrier.wait(20)
                accept_invitation(
                    secret=issued.secret, name=f"N{number}", password="a-bicycle-in-rain", language="en", now=now
                )
                return True
        except DomainError:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(accept, range(THREADS)))

    assert outcomes.count(True) == 1
    with tenant_transaction(north):
        assert User.objects.filter(email="new@north.example").count() == 1
        assert Invitation.objects.get().accepted_at == now
