"""A shop that is read-only offers nothing that it would refuse, and is read and searched as ever.

Access is taken away in every state of the shop, and given in none but the open one.
"""

import re
from collections.abc import Callable
from datetime import datetime
from html.parser import HTMLParser
from uuid import UUID

import pytest
from console.urls import urlpatterns
from django.core.cache import cache
from django.urls import URLPattern
from staff.invitations import accept_invitation, create_invitation
from staff.models import ApiKey, Invitation, User
from staff.selectors import get_access
from staff.services import create_api_key
from staff.types import IssuedInvitation

from tenants.domains import add_domain
from tenants.errors import ShopClosed
from tenants.models import Shop
from tenants.selectors import cache_key
from tenants.transaction import tenant_transaction
from tests.support.shops import PASSWORD, ShopClient

NOTICE = {"kind": "read_only", "cause": "trial_ended", "at": "2026-12-01T00:00:00+00:00"}
FORMS = ["products/new/", "coupons/new/", "join-links/new/", "keys/", "domains/", "staff/", "roles/new/", "logo/"]


@pytest.fixture
def owner_page(client: ShopClient) -> Callable[[str], str]:
    """The text of a page that the owner opens, in English."""
    client.cookies["laxin_language"] = "en"
    return lambda address: client.get(f"/console/{address}").content.decode()


# What takes access away, leads back to an open shop, hands its data out, or concerns nobody but who asks.
POSTED_WHILE_CLOSED = {
    "staff_close", "staff_session_end", "staff_sessions_end", "invitation_revoke", "api_key_revoke",
    "billing", "billing_invoices", "billing_tax_id", "billing_checkout", "billing_return", "billing_progress",
    "billing_change", "billing_cancel", "billing_resume", "billing_portal", "billing_pay",
    "archive", "archive_progress", "archive_file",
    "email_change", "session_end", "sessions_end", "address", "address_confirm",
}  # fmt: skip
REFUSED = {"read_only": (302, "/console/"), "suspended": (403, None)}
closed = pytest.mark.parametrize("access", ["read_only", "suspended"])


def close(shop: Shop, access: str = "read_only") -> None:
    Shop.objects.filter(pk=shop.pk).update(access=access, notice=NOTICE)
    cache.delete(cache_key(shop.slug))
    shop.refresh_from_db()


class _Usable(HTMLParser):
    """Collects what can be typed into or pressed in the middle of a page, apart from what is disabled."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.controls: list[str] = []
        self.forms: list[str] = []  # where those lead that can be sent
        self._fieldsets: list[bool] = []
        self._action = ""
        self._in_main = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count what is usable."""
        found = dict(attrs)
        self._in_main |= tag == "main"
        if tag == "fieldset":
            self._fieldsets.append("disabled" in found)
        elif tag == "form":
            self._action = found.get("action") or ""
        elif self._in_main and not any(self._fieldsets) and tag in {"input", "select", "textarea", "button"}:
            self.controls.append(str(self.get_starttag_text()))
            if tag == "button":
                self.forms.append(self._action)

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        if tag == "fieldset":
            self._fieldsets.pop()
        self._in_main &= tag != "main"


def list_usable(page: str) -> list[str]:
    return _Usable(page).controls


@pytest.mark.parametrize("address", ["", *FORMS])
def test_nobody_types_what_would_be_refused(owner_page: Callable[[str], str], north: Shop, address: str) -> None:
    assert list_usable(owner_page(address))
    close(north)

    page = owner_page(address)

    assert list_usable(page) == []
    assert "Your trial is over: the shop is read-only." in page
    assert '<a class="btn btn-primary" href="/console/billing/">Choose a plan</a>' in page


@pytest.mark.parametrize("address", ["", "products/", "coupons/", "join-links/"])
def test_no_page_invites_to_work(owner_page: Callable[[str], str], north: Shop, address: str) -> None:
    invitation = re.compile(r'href="/console/[a-z-]+/new/')
    assert invitation.search(owner_page(address))
    close(north)

    assert not invitation.search(owner_page(address))


@pytest.mark.usefixtures("link_id")
def test_what_there_is_can_be_read_searched_and_exported(
    owner_page: Callable[[str], str], north: Shop, make_product: Callable[..., UUID]
) -> None:
    make_product("Apple")
    close(north)

    assert "Apple" in owner_page("products/?q=apple")
    assert list_usable(owner_page("products/"))
    assert list_usable(owner_page("audit/"))
    assert "/console/audit/export.csv" in owner_page("audit/")
    assert list_usable(owner_page("archive/"))


def test_a_closed_shop_still_lets_its_people_change_their_own_password(
    owner_page: Callable[[str], str], north: Shop
) -> None:
    close(north)

    assert list_usable(owner_page("security/password/"))


def test_what_works_in_a_closed_shop_is_named_here() -> None:
    names = set()
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if getattr(pattern.callback, "while_closed", False):
            names.add(pattern.name)

    assert names == POSTED_WHILE_CLOSED


def add_colleague(shop: Shop) -> tuple[User, ShopClient]:
    with tenant_transaction(shop):
        user = User.objects.create_user("till@north.example", PASSWORD, role="cashier")
    browser = ShopClient(shop)
    browser.force_login(user)
    return user, browser


def invite(shop: Shop, now: datetime) -> IssuedInvitation:
    with tenant_transaction(shop):
        owner = User.objects.get(role="owner")
        facts = {"email": "new@north.example", "role": "cashier", "invited_by": owner.email}
        return create_invitation(**facts, access=get_access(user=owner), inviter=owner.pk, now=now)


@closed
def test_a_closed_shop_locks_people_out(client: ShopClient, north: Shop, access: str) -> None:
    colleague, browser = add_colleague(north)
    assert browser.get("/console/security/").status_code == 200
    close(north, access)

    client.post(f"/console/staff/{colleague.pk}/sessions/end/")
    assert browser.get("/console/security/").status_code == 302
    answer = client.post(f"/console/staff/{colleague.pk}/close/")

    assert answer["Location"] == f"/console/staff/{colleague.pk}/"
    assert client.get(answer["Location"]).status_code == 200
    with tenant_transaction(north):
        colleague.refresh_from_db()
    assert not colleague.is_active


@closed
def test_a_closed_shop_takes_invitations_and_keys_back(
    client: ShopClient, north: Shop, access: str, now: datetime
) -> None:
    invited = invite(north, now)
    with tenant_transaction(north):
        key = create_api_key(name="Web", kind="secret", origins=[], now=now)
    close(north, access)

    for path in (f"staff/invitations/{invited.id}", f"keys/{key.id}"):
        answer = client.post(f"/console/{path}/revoke/")
        assert client.get(answer["Location"]).status_code == 200

    with tenant_transaction(north):
        assert Invitation.objects.get().revoked_at
        assert ApiKey.objects.get(pk=key.id).revoked_at


@closed
def test_a_closed_shop_gives_nobody_access(client: ShopClient, north: Shop, access: str, now: datetime) -> None:
    colleague, _browser = add_colleague(north)
    invited = invite(north, now)
    client.post(f"/console/staff/{colleague.pk}/close/")
    with tenant_transaction(north):
        before = Invitation.objects.get().secret_hash
    close(north, access)

    for path, form in (
        (f"staff/{colleague.pk}/open", {}), (f"staff/{colleague.pk}/role", {"role": "manager"}),
        (f"staff/invitations/{invited.id}/send", {}), ("staff", {"email": "more@north.example", "role": "cashier"}),
        ("keys", {"name": "Web", "kind": "public"}), ("roles/new", {"name": "x"}),
    ):  # fmt: skip
        answer = client.post(f"/console/{path}/", form)
        assert (answer.status_code, answer.headers.get("Location")) == REFUSED[access], path

    with tenant_transaction(north):
        colleague.refresh_from_db()
        assert (colleague.is_active, colleague.role) == (False, "cashier")
        assert Invitation.objects.get().secret_hash == before
        assert not ApiKey.objects.exists()


@closed
def test_an_invitation_waits_until_the_shop_is_open_again(north: Shop, access: str, now: datetime) -> None:
    secret = invite(north, now).secret
    close(north, access)
    link, form = f"/console/invitation/{secret}/", {"name": "Chen", "password": PASSWORD}
    guest = ShopClient(north)
    guest.cookies["laxin_language"] = "en"

    answers = [guest.get(link), guest.post(link, form)]
    with pytest.raises(ShopClosed), tenant_transaction(north):
        accept_invitation(secret=secret, **form, language="en", now=now)

    assert [answer.status_code for answer in answers] == [403, 403]
    assert all("once the shop is open again" in answer.content.decode() for answer in answers)
    with tenant_transaction(north):
        assert (User.objects.count(), Invitation.objects.get().accepted_at) == (1, None)
    close(north, "open")
    assert guest.post(link, form)["Location"] == "/console/"


def test_a_read_only_shop_offers_what_takes_access_away(
    owner_page: Callable[[str], str], north: Shop, now: datetime
) -> None:
    colleague, _browser = add_colleague(north)
    invite(north, now)
    with tenant_transaction(north):
        create_api_key(name="Web", kind="secret", origins=[], now=now)
    close(north)

    pages = [owner_page(address) for address in ("staff/", f"staff/{colleague.pk}/", "keys/")]

    offered = [form for page in pages for form in _Usable(page).forms]
    assert [re.sub(r"[0-9a-f-]{36}|\d+", "N", path) for path in offered] == [
        "/console/staff/invitations/N/revoke/", "/console/staff/N/sessions/N/end/", "/console/staff/N/close/",
        "/console/keys/N/revoke/",
    ]  # fmt: skip


def test_what_a_read_only_shop_shows_can_be_copied(
    owner_page: Callable[[str], str], north: Shop, link_id: UUID, now: datetime
) -> None:
    add_domain(shop=north, host="shop.north.example", now=now)
    close(north)

    for address, fields in ((f"join-links/{link_id}/", 1), ("domains/", 4)):
        controls = list_usable(owner_page(address))
        assert len(controls) == 2 * fields
        assert all("readonly" in each or "data-copy" in each for each in controls), controls
