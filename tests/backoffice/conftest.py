"""An operator who is in."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.urls import reverse
from staff.models import User

from tests.support.second_factor import code_of
from tests.support.shops import PASSWORD, ShopClient

OPERATOR = "ada@laxin.example"


@pytest.fixture
def operator(db: None) -> User:
    """An operator who may do everything and has not signed in yet."""
    return User.objects.create_user(OPERATOR, PASSWORD, is_staff=True, is_superuser=True, language="en")


def sign_in(email: str = OPERATOR) -> ShopClient:
    """A client that went all the way: password, setting the second factor up, using it."""
    client = ShopClient(None, headers={"accept-language": "en"})
    page = client.post(reverse("account_login"), {"login": email, "password": PASSWORD}, follow=True)
    found = re.search(r'name="secret"[^>]*value="(\w+)"|<code[^>]*>(\w+)</code>', page.content.decode())
    assert found, page.content.decode()
    secret = found[1] or found[2]
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    client.post(f"{reverse('mfa_reauthenticate')}?next=/backoffice/", {"code": code_of(secret)})
    return client


def list_deeds() -> QuerySet[LogEntry]:
    """What the log says was done, beside operators' own sign-ins."""
    return LogEntry.objects.exclude(content_type=ContentType.objects.get_for_model(User)).order_by("id")


def list_sign_ins() -> list[str]:
    """What the log says of operators' access, the oldest first."""
    kind = ContentType.objects.get_for_model(User)
    return list(LogEntry.objects.filter(content_type=kind).order_by("id").values_list("change_message", flat=True))
