"""Sign-in links: one session, within a minute."""

from datetime import datetime, timedelta

import pytest
from kernel.ids import hash_secret
from staff.errors import LinkUnusable
from staff.models import SignInLink, User
from staff.services import create_sign_in_link, use_sign_in_link

from tenants.models import Shop


@pytest.fixture
def owner(shop: Shop) -> User:
    return User.objects.get()


def test_a_link_signs_in_once(owner: User, now: datetime) -> None:
    secret = create_sign_in_link(user_id=owner.pk, now=now)

    assert use_sign_in_link(secret=secret, now=now) == owner.pk
    with pytest.raises(LinkUnusable):
        use_sign_in_link(secret=secret, now=now)


def test_a_link_ends_after_sixty_seconds(owner: User, now: datetime) -> None:
    early, late = (create_sign_in_link(user_id=owner.pk, now=now) for _ in range(2))

    assert use_sign_in_link(secret=early, now=now + timedelta(seconds=59)) == owner.pk
    with pytest.raises(LinkUnusable):
        use_sign_in_link(secret=late, now=now + timedelta(seconds=60))

    assert SignInLink.objects.get(secret_hash=hash_secret(late)).used_at is None


def test_an_unknown_secret_and_a_user_who_left_are_refused(owner: User, now: datetime) -> None:
    User.objects.create_user("second@north.example")
    secret = create_sign_in_link(user_id=owner.pk, now=now)
    User.objects.filter(pk=owner.pk).update(is_active=False)

    for tried in (secret, "nothing"):
        with pytest.raises(LinkUnusable):
            use_sign_in_link(secret=tried, now=now)


def test_the_secret_itself_is_not_stored(owner: User, now: datetime) -> None:
    secret = create_sign_in_link(user_id=owner.pk, now=now)

    assert secret not in str(list(SignInLink.objects.values_list()))
