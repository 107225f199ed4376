"""The one gate: every page asks for a permission, and who lacks it is told whom to ask."""

from collections.abc import Iterator
from typing import Any

import pytest
from console.access import staff_page
from django.urls import URLPattern, URLResolver, get_resolver
from staff.models import Role, User
from staff.permissions import BUILT_IN, PERMISSIONS, SIGNED_IN

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import ShopClient

# Pages for people who are not signed in.
WITHOUT_PERMISSION = {
    "account_login", "account_logout", "account_inactive", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "enter", "invitation", "email_confirm",
    "mfa_authenticate",
}  # fmt: skip


def list_console_patterns() -> list[URLPattern]:
    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for each in patterns:
            path = prefix + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, path)
            else:
                yield path, each

    found = [each for path, each in walk(get_resolver("config.urls_shop").url_patterns, "") if "console/" in path]
    assert len(found) > 25
    return found


def sign_in_as(north: Shop, role: str, **fields: Any) -> ShopClient:
    with tenant_transaction(north):
        user = User.objects.create_user(f"{role}@north.example", "a-long-enough-password", role=role, **fields)
    client = ShopClient(north)
    client.force_login(user)
    client.cookies["laxin_language"] = "en"
    return client


def test_every_console_page_has_a_permission_or_is_for_people_without_a_session() -> None:
    patterns = list_console_patterns()
    without = {each.name for each in patterns if not hasattr(each.callback, "permissions")}
    assert without == WITHOUT_PERMISSION


def test_every_permission_opens_a_page() -> None:
    asked = {each for page in list_console_patterns() for each in getattr(page.callback, "permissions", ())}
    assert asked - {SIGNED_IN} <= set(PERMISSIONS)


def test_a_permission_that_nobody_knows_is_refused_when_the_page_is_written() -> None:
    with pytest.raises(ValueError, match=r"orders\.burn"):
        staff_page("orders.burn")


def test_the_owner_may_everything_and_nobody_else_does() -> None:
    assert BUILT_IN["owner"].permissions == set(PERMISSIONS)
    assert all(role.permissions < set(PERMISSIONS) for code, role in BUILT_IN.items() if code != "owner")


def test_a_refused_page_says_which_roles_may_and_whom_to_ask(north: Shop) -> None:
    with tenant_transaction(north):
        Role.objects.create(code="custom-dev", name="Developer", permissions=["keys.manage"])
    client = sign_in_as(north, "cashier")

    response = client.get("/console/keys/")

    page = response.content.decode()
    assert response.status_code == 403
    assert "Owner, Developer" in page
    assert "mailto:owner@north.example" in page
    assert "Make and revoke API keys" in page


def test_a_custom_role_may_what_its_row_says(north: Shop) -> None:
    with tenant_transaction(north):
        Role.objects.create(code="custom-dev", name="Developer", permissions=["keys.manage"])
    client = sign_in_as(north, "custom-dev")

    assert client.get("/console/keys/").status_code == 200
    assert client.get("/console/orders/").status_code == 403


def test_a_role_that_is_gone_may_nothing(north: Shop) -> None:
    client = sign_in_as(north, "custom-gone")

    assert client.get("/console/").status_code == 200
    assert client.get("/console/products/").status_code == 403


def test_posting_needs_the_permission_to_change(north: Shop) -> None:
    client = sign_in_as(north, "accountant")

    assert client.get("/console/products/").status_code == 200
    assert client.post("/console/products/new/", {"name": "x"}).status_code == 403


def test_the_menu_shows_only_what_the_role_may_open(north: Shop) -> None:
    cashier = sign_in_as(north, "cashier").get("/console/").content.decode()
    nobody = sign_in_as(north, "custom-gone").get("/console/").content.decode()

    assert 'href="/console/orders/"' in cashier
    assert 'href="/console/keys/"' not in cashier
    assert 'href="/console/products/"' not in nobody


def test_pages_offer_only_what_the_role_may_do(north: Shop) -> None:
    cashier, accountant = sign_in_as(north, "cashier"), sign_in_as(north, "accountant")
    for client, path in (
        (cashier, "products"),
        (cashier, "coupons"),
        (cashier, "join-links"),
        (accountant, "products"),
    ):
        assert "/new/" not in client.get(f"/console/{path}/").content.decode()
    assert "/console/keys/" not in accountant.get("/console/orders/").content.decode()
