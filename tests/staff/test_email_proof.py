"""Proving that an address is its owner's."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from staff.email_change import confirm_email_change, make_email_change
from staff.email_proof import check_email_proof, make_email_proof, prove_email
from staff.errors import LinkUnusable
from staff.models import User
from staff.services import open_shop

from billing.services.accounts import open_shop_on_trial
from tenants.models import Shop
from tenants.transaction import tenant_transaction

SIGN_UP: dict[str, Any] = {
    "slug": "corner",
    "name": "Corner",
    "email": "li@corner.example",
    "password": "orange-bicycle-7",
    "language": "en",
}


@pytest.fixture
def owner(shop: Shop) -> User:
    owner = User.objects.get()
    owner.email_is_proven = False
    owner.save()
    return owner


def is_proven(user: User) -> bool:
    return User.objects.get(pk=user.pk).email_is_proven


@pytest.mark.usefixtures("shops")
def test_an_address_is_unproven_where_a_stranger_may_have_typed_it(now: datetime) -> None:
    signed_up = open_shop_on_trial(**SIGN_UP, industry="", now=now)
    by_operator = open_shop(**SIGN_UP | {"slug": "other"}, now=now)

    for opened, proven in ((signed_up, False), (by_operator, True)):
        with tenant_transaction(opened.shop):
            assert User.objects.get().email_is_proven is proven


@pytest.mark.usefixtures("shop")
def test_who_came_by_an_invitation_is_proven() -> None:
    assert User.objects.create_user("second@north.example").email_is_proven


def test_the_link_proves_the_address_however_often_it_is_opened(owner: User) -> None:
    proof = make_email_proof(user_id=owner.pk, email=owner.email)

    check_email_proof(proof=proof, user=owner)
    assert not is_proven(owner)
    prove_email(proof=proof, user=owner)
    prove_email(proof=proof, user=owner)

    assert is_proven(owner)


def test_a_link_of_somebody_else_or_of_a_former_address_proves_nothing(owner: User) -> None:
    other = User.objects.create_user("second@north.example")
    proofs = [
        make_email_proof(user_id=other.pk, email=other.email),
        make_email_proof(user_id=other.pk, email=owner.email),
        make_email_proof(user_id=owner.pk, email="typo@north.example"),
        signing.dumps({"user": str(owner.pk), "email": owner.email}, salt="staff.email_proof.t_other"),
        "nonsense",
    ]

    for proof in proofs:
        with pytest.raises(LinkUnusable):
            prove_email(proof=proof, user=owner)

    assert not is_proven(owner)


def test_an_address_that_changed_meanwhile_is_not_proven(owner: User) -> None:
    proof = make_email_proof(user_id=owner.pk, email=owner.email)
    User.objects.filter(pk=owner.pk).update(email="new@north.example")

    with pytest.raises(LinkUnusable):
        prove_email(proof=proof, user=owner)

    assert not is_proven(owner)


@pytest.mark.parametrize(("days", "works"), [(6, True), (8, False)])
def test_a_link_ends_after_a_week(owner: User, monkeypatch: pytest.MonkeyPatch, days: int, works: bool) -> None:
    proof = make_email_proof(user_id=owner.pk, email=owner.email)
    later = time.time() + timedelta(days=days).total_seconds()
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    if works:
        prove_email(proof=proof, user=owner)
    else:
        with pytest.raises(LinkUnusable):
            prove_email(proof=proof, user=owner)

    assert is_proven(owner) is works


@pytest.mark.parametrize(("is_own_session", "proven"), [(True, True), (False, False)])
def test_the_link_to_another_address_proves_it_to_the_persons_own_session(
    owner: User, is_own_session: bool, proven: bool
) -> None:
    User.objects.update(email_is_proven=not proven)
    token = make_email_change(user_id=owner.pk, email="right@north.example")

    confirm_email_change(token=token, by=owner.pk if is_own_session else None)

    assert is_proven(owner) is proven
