"""Every page of the console × a session of support: what somebody of the platform may see and change in a shop.

Written by hand, like the table of the roles. A new page is closed to the posts of support until its permission is named
in `console.access.OPEN_TO_SUPPORT`; a line that is missing or left over here fails.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from staff.models import ApiKey, Invitation, Role, User
from staff.services import create_sign_in_link

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.matrix import Scene, read_rows, set_scene
from tests.support.shops import ShopClient
from tests.tenancy.test_matrix_addresses import VISITS
from tests.tenancy.test_matrix_roles import ADDRESSES, PAGES, ask

# What support may post to.
POSTS = {
    "/console/coupons/%(batch_id)s/status/", "/console/coupons/new/", "/console/join-links/%(link_id)s/status/",
    "/console/join-links/new/", "/console/logo/", "/console/onboarding/checklist/", "/console/onboarding/samples/",
    "/console/products/%(product_id)s/stock/", "/console/products/new/",
}  # fmt: skip
# What support may not even look at: the whole shop as a file, how the person signs in, and pages that lead to where
# money is given.
UNSEEN = {
    "/console/archive/", "/console/archive/file/", "/console/archive/progress/",
    "/console/billing/checkout/", "/console/billing/pay/", "/console/billing/portal/", "/console/security/",
    "/console/security/address/", "/console/security/address/%(proof)s/",
    "/console/security/again/", "/console/security/again/code/", "/console/security/codes/",
    "/console/security/codes/new/", "/console/security/email/", "/console/security/password/",
    "/console/security/second-factor/", "/console/security/second-factor/remove/",
}  # fmt: skip


@pytest.fixture
def scene(shops: tuple[Shop, Shop]) -> Scene:
    return set_scene(*shops)


def enter(north: Shop) -> ShopClient:
    """Somebody of the platform in the owner's place, as the back office lets them in."""
    with tenant_transaction(north):
        owner = User.objects.get(role="owner")
        secret = create_sign_in_link(
            user_id=owner.pk, now=timezone.now(), operator="ann@laxin.example", reason="Ticket 4711"
        )
    client = ShopClient(north)
    assert client.get(f"/console/enter/{secret}/")["Location"] == "/console/"
    return client


def test_every_line_is_a_page() -> None:
    assert set(PAGES) >= POSTS | UNSEEN


def test_support_is_refused_what_was_not_promised_and_changes_nothing(scene: Scene) -> None:
    client = enter(scene.north)
    before = read_rows(scene.north, ignored=VISITS)
    for address in ADDRESSES:
        look, post = PAGES[str(address)]
        if look and str(address) in UNSEEN:
            assert is_refused(ask(scene, client, "get", address)), address
        if post and str(address) not in POSTS:
            assert is_refused(ask(scene, client, "post", address)), address
    assert read_rows(scene.north, ignored=VISITS) == before


def test_support_sees_and_changes_what_was_promised(scene: Scene) -> None:
    client = enter(scene.north)
    for address in ADDRESSES:
        look, _post = PAGES[str(address)]
        if look and str(address) not in UNSEEN:
            assert ask(scene, client, "get", address).status_code != 403, address
        if str(address) in POSTS:
            assert ask(scene, client, "post", address).status_code != 403, address


def is_refused(response: Any) -> bool:
    names = [template.name for template in response.templates]
    return response.status_code == 403 and "console/refused_support.html" in names


def test_support_leaves_no_door_behind(scene: Scene) -> None:
    """Neither an account nor a key of its own outlives the half hour."""
    client = enter(scene.north)
    with tenant_transaction(scene.north):
        before = [model.objects.count() for model in (Invitation, ApiKey, Role)]

    for path, form in (
        ("staff", {"email": "ann@elsewhere.example", "role": "owner"}),
        ("keys", {"name": "mine", "kind": "secret"}),
        ("roles/new", {"name": "mine", "permissions": ["orders.view"]}),
    ):
        assert client.post(f"/console/{path}/", form).status_code == 403

    with tenant_transaction(scene.north):
        assert [model.objects.count() for model in (Invitation, ApiKey, Role)] == before


def test_half_an_hour_is_not_prolonged_by_what_is_done_in_it(scene: Scene) -> None:
    client = enter(scene.north)
    with tenant_transaction(scene.north):
        [ends_at] = Session.objects.values_list("expire_date", flat=True).filter(session_key=client.session.session_key)
        session = client.session
        assert ends_at - timezone.now() <= timedelta(minutes=30)
        session["touched"] = 1
        session.save()
        assert Session.objects.get(session_key=session.session_key).expire_date == ends_at
