"""People and roles in the console: invite, accept, change, close."""

import re
import time
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.utils import timezone
from messaging.models import Email
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from staff.models import AuditEntry, Invitation, Role, User
from staff.permissions import BUILT_IN, PERMISSIONS

from tenants.models import Shop
from tenants.services import set_standing
from tenants.transaction import tenant_transaction
from tests.support.shops import PASSWORD as OWNERS_PASSWORD
from tests.support.shops import ShopClient

PASSWORD = "a-bicycle-in-the-rain"


def add_person(north: Shop, role: str, email: str = "") -> tuple[User, ShopClient]:
    with tenant_transaction(north):
        user = User.objects.create_user(email or f"{role}@north.example", PASSWORD, role=role)
    client = ShopClient(north)
    client.force_login(user)
    return user, client


def read_link(north: Shop) -> str:
    with tenant_transaction(north):
        text = Email.objects.latest("pk").text
    found = re.search(r"http://north\.localhost:8000(/console/invitation/\S+/)", text)
    assert found, text
    return found[1]


def invite(client: ShopClient, north: Shop, email: str = "new@north.example", role: str = "cashier") -> str:
    response = client.post("/console/staff/", {"email": email, "role": role})
    assert response.status_code == 302, response.context["form"].errors
    return read_link(north)


def accept(north: Shop, link: str, name: str = "Chen") -> ShopClient:
    client = ShopClient(north)
    response = client.post(link, {"name": name, "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/console/"), response.content.decode()
    return client


def test_somebody_invited_chooses_name_and_password_and_is_in(client: ShopClient, north: Shop) -> None:
    link = invite(client, north, " New@North.example ")

    page = ShopClient(north).get(link).content.decode()
    newcomer = accept(north, link)

    assert "new@north.example" in page
    assert newcomer.get("/console/orders/").status_code == 200
    assert newcomer.get("/console/staff/").status_code == 403
    with tenant_transaction(north):
        user = User.objects.get(email="new@north.example")
        assert (user.name, user.role, user.is_active) == ("Chen", "cashier", True)
        assert user.check_password(PASSWORD)


def test_an_invitation_works_once_and_not_after_a_week(client: ShopClient, north: Shop) -> None:
    used, old = invite(client, north), invite(client, north, "late@north.example")
    accept(north, used)
    with tenant_transaction(north):
        Invitation.objects.filter(email="late@north.example").update(expires_at=timezone.now())

    for link in (used, old, "/console/invitation/nothing/"):
        assert ShopClient(north).get(link).status_code == 410
        assert ShopClient(north).post(link, {"name": "X", "password": PASSWORD}).status_code == 410
    with tenant_transaction(north):
        assert User.objects.count() == 2


def test_sending_again_makes_the_former_link_worthless(client: ShopClient, north: Shop) -> None:
    first = invite(client, north)
    with tenant_transaction(north):
        [invitation_id] = Invitation.objects.values_list("pk", flat=True)

    assert client.post(f"/console/staff/invitations/{invitation_id}/send/").status_code == 302

    second = read_link(north)
    assert second != first
    assert ShopClient(north).get(first).status_code == 410
    assert ShopClient(north).get(second).status_code == 200


def test_an_invitation_taken_back_works_no_longer(client: ShopClient, north: Shop) -> None:
    link = invite(client, north)
    with tenant_transaction(north):
        [invitation_id] = Invitation.objects.values_list("pk", flat=True)

    assert client.post(f"/console/staff/invitations/{invitation_id}/revoke/").status_code == 302

    assert ShopClient(north).get(link).status_code == 410
    client.raise_request_exception = False
    assert client.post(f"/console/staff/invitations/{invitation_id}/revoke/").status_code == 404


def read_open_invitations(north: Shop) -> list[str]:
    with tenant_transaction(north):
        waiting = Invitation.objects.filter(accepted_at=None, revoked_at=None).order_by("pk")
        return list(waiting.values_list("email", flat=True))


def test_with_an_account_go_the_invitations_that_its_person_sent(client: ShopClient, north: Shop) -> None:
    manager, browser = add_person(north, "manager")
    theirs, others = invite(browser, north, "accomplice@north.example"), invite(client, north, "clerk@north.example")

    client.post(f"/console/staff/{manager.pk}/close/")

    assert read_open_invitations(north) == ["clerk@north.example"]
    assert [ShopClient(north).get(link).status_code for link in (theirs, others)] == [410, 200]
    with tenant_transaction(north):
        entry = AuditEntry.objects.get(subject="staff_invitation", event="update")
    assert (entry.label, entry.actor_name) == ("accomplice@north.example", "owner@north.example")
    client.post(f"/console/staff/{manager.pk}/open/")
    assert ShopClient(north).post(theirs, {"name": "X", "password": PASSWORD}).status_code == 410


@pytest.mark.parametrize(("role", "left"), [("cashier", []), ("custom-hr", ["till@north.example"]),
                                            ("owner", ["till@north.example", "boss@north.example"])])  # fmt: skip
def test_with_a_lower_role_go_the_invitations_that_it_could_not_send(
    client: ShopClient, north: Shop, role: str, left: list[str]
) -> None:
    with tenant_transaction(north):
        permissions = [*BUILT_IN["cashier"].permissions, "staff.manage"]
        Role.objects.create(code="custom-hr", name="Human resources", permissions=permissions)
    manager, browser = add_person(north, "manager")
    invite(browser, north, "till@north.example", "cashier")
    invite(browser, north, "boss@north.example", "manager")

    client.post(f"/console/staff/{manager.pk}/role/", {"role": role})

    assert read_open_invitations(north) == left


def test_an_invitation_is_worth_what_whoever_sent_it_last_may_do_now(client: ShopClient, north: Shop) -> None:
    """Roles of one's own change without anybody's being given another one."""
    held = [*BUILT_IN["cashier"].permissions, "staff.manage"]
    with tenant_transaction(north):
        Role.objects.create(code="custom-hr", name="Human resources", permissions=held)
    _user, browser = add_person(north, "custom-hr")
    link = invite(browser, north)
    client.post("/console/roles/custom-hr/", {"name": "Human resources", "permissions": ["staff.manage"]})

    answers = [ShopClient(north).get(link), ShopClient(north).post(link, {"name": "X", "password": PASSWORD})]

    assert [answer.status_code for answer in answers] == [410, 410]
    with tenant_transaction(north):
        invitation_id = Invitation.objects.get().pk
    client.post(f"/console/staff/invitations/{invitation_id}/send/")
    accept(north, read_link(north))


def test_an_invitation_from_before_it_was_kept_who_sends_them_still_works(client: ShopClient, north: Shop) -> None:
    link = invite(client, north)
    with tenant_transaction(north):
        Invitation.objects.update(inviter=None)

    accept(north, link)


@pytest.mark.parametrize("email", ["owner@north.example", "invited@north.example", "nonsense"])
def test_who_is_here_or_invited_or_no_address_is_not_invited(client: ShopClient, north: Shop, email: str) -> None:
    invite(client, north, "invited@north.example")

    response = client.post("/console/staff/", {"email": email, "role": "cashier"})

    assert list(response.context["form"].errors) == ["email"]
    with tenant_transaction(north):
        assert Invitation.objects.count() == 1
        assert Email.objects.count() == 1


def test_a_weak_password_is_refused_and_the_invitation_stays_open(client: ShopClient, north: Shop) -> None:
    link = invite(client, north)

    response = ShopClient(north).post(link, {"name": "Chen", "password": "12345678"})

    assert list(response.context["form"].errors) == ["password"]
    accept(north, link)


def test_nobody_invites_with_a_role_beyond_the_own(north: Shop) -> None:
    _manager, browser = add_person(north, "manager")

    for role in ("owner", "accountant", "custom-none"):
        assert list(
            browser.post("/console/staff/", {"email": "x@north.example", "role": role}).context["form"].errors
        ) == ["role"]
    assert browser.post("/console/staff/", {"email": "x@north.example", "role": "cashier"}).status_code == 302


def set_up_second_factor(north: Shop, user: User, browser: ShopClient) -> None:
    with tenant_transaction(north):
        TOTP.activate(user, generate_totp_secret())
        session = browser.session
        session["account_authentication_methods"] += [{"method": "mfa", "at": time.time()}]
        session.save()


def has_second_factor(north: Shop, user: User) -> bool:
    with tenant_transaction(north):
        return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP))


def test_the_own_second_factor_is_not_removed_as_that_of_a_colleague(
    client: ShopClient, north: Shop, owner: User
) -> None:
    set_up_second_factor(north, owner, client)

    page = client.post(f"/console/staff/{owner.pk}/second-factor/", follow=True)

    assert "alert" in page.content.decode()
    assert has_second_factor(north, owner)


@pytest.mark.parametrize("action", ["close/", "role/", "second-factor/", "sessions/end/"])
def test_long_after_the_sign_in_the_password_is_asked_again_and_the_work_goes_on(
    client: ShopClient, north: Shop, action: str
) -> None:
    user, browser = add_person(north, "cashier")
    set_up_second_factor(north, user, browser)
    forget_password(client, north)

    asked = client.post(f"/console/staff/{user.pk}/{action}", {"role": "manager"})

    assert asked["Location"].startswith("/console/security/again/?next=")
    with tenant_transaction(north):
        user.refresh_from_db()
    assert (user.role, user.is_active, has_second_factor(north, user)) == ("cashier", True, True)
    assert browser.get("/console/orders/").status_code == 200
    done = client.post(asked["Location"], {"password": OWNERS_PASSWORD, "next": f"/console/staff/{user.pk}/{action}"})
    assert (done.status_code, done["Location"]) == (302, f"/console/staff/{user.pk}/")
    with tenant_transaction(north):
        user.refresh_from_db()
    assert {
        "close/": not user.is_active,
        "role/": user.role == "manager",
        "second-factor/": not has_second_factor(north, user),
        "sessions/end/": browser.get("/console/orders/").status_code == 302,
    }[action]


@pytest.mark.parametrize(
    ("path", "form"),
    [("staff/", {"email": "new@north.example", "role": "owner"}), ("roles/new/", {"name": "x"}),
     ("roles/owner/second-factor/", {"required": "yes"})],
)  # fmt: skip
def test_an_old_session_alone_neither_invites_nor_touches_roles(
    client: ShopClient, north: Shop, path: str, form: dict[str, str]
) -> None:
    forget_password(client, north)

    assert client.post(f"/console/{path}", form)["Location"].startswith("/console/security/again/")

    with tenant_transaction(north):
        assert not Invitation.objects.exists()
        assert not Role.objects.exists()


def forget_password(client: ShopClient, north: Shop) -> None:
    """As after a long coffee break."""
    with tenant_transaction(north):
        session = client.session
        session["account_authentication_methods"] = []
        session.save()


def test_a_colleagues_sessions_are_seen_and_ended(client: ShopClient, north: Shop) -> None:
    user, browser = add_person(north, "cashier")
    other = ShopClient(north, headers={"user-agent": "Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1"})
    other.post("/console/sign-in/", {"login": user.email, "password": PASSWORD})
    person = f"/console/staff/{user.pk}/"
    with tenant_transaction(north):
        session_id = UserSession.objects.get(session_key=other.cookies["laxin_session"].value).pk

    assert "Safari · iPhone" in client.get(person).content.decode()
    for _ in range(2):  # one that is over already is no fault
        assert client.post(f"{person}sessions/{session_id}/end/")["Location"] == person

    assert [each.get("/console/orders/").status_code for each in (other, browser, client)] == [302, 200, 200]
    client.post(f"{person}sessions/end/")
    assert [each.get("/console/orders/").status_code for each in (browser, client)] == [302, 200]
    with tenant_transaction(north):
        ended = AuditEntry.objects.filter(event="session_ended", subject="staff_user")
        assert list(ended.order_by("pk").values_list("label", "after")) == [
            (user.email, {"sessions": 1}), (user.email, {"sessions": 1}),
        ]  # fmt: skip


def test_a_session_is_ended_only_below_whose_it_is(client: ShopClient, north: Shop) -> None:
    cashier, _ = add_person(north, "cashier")
    manager, browser = add_person(north, "manager")
    with tenant_transaction(north):
        session_id = UserSession.objects.get(user=manager).pk

    client.post(f"/console/staff/{cashier.pk}/sessions/{session_id}/end/")

    assert browser.get("/console/orders/").status_code == 200


def test_a_manager_neither_sees_nor_ends_the_sessions_of_an_owner(client: ShopClient, north: Shop, owner: User) -> None:
    _manager, browser = add_person(north, "manager")
    with tenant_transaction(north):
        UserSession.objects.filter(user=owner).update(ip="10.9.8.7")
        session_id = UserSession.objects.get(user=owner).pk
    person = f"/console/staff/{owner.pk}/"

    assert "10.9.8.7" not in browser.get(person).content.decode()
    for path in (f"sessions/{session_id}/end/", "sessions/end/"):
        browser.post(person + path)

    assert client.get("/console/orders/").status_code == 200


def test_who_may_less_than_an_owner_does_not_free_owners_of_the_second_factor(client: ShopClient, north: Shop) -> None:
    with tenant_transaction(north):
        Role.objects.create(code="custom-roles", name="Clerk", permissions=["roles.manage"])
        Role.objects.create(code="custom-more", name="More", permissions=["orders.view"])
    client.post("/console/roles/owner/second-factor/", {"required": "yes"})
    _user, clerk = add_person(north, "custom-roles")

    clerk.post("/console/roles/owner/second-factor/", {"required": "no"})
    clerk.post("/console/roles/custom-more/second-factor/", {"required": "yes"})
    clerk.post("/console/roles/custom-roles/second-factor/", {"required": "yes"})

    with tenant_transaction(north):
        required = Role.objects.filter(second_factor_required=True)
        assert set(required.values_list("code", flat=True)) == {"owner", "custom-roles"}


@pytest.mark.parametrize("path", ["close", "role", "second-factor", "open"])
def test_a_manager_cannot_touch_an_owner(north: Shop, owner: User, path: str) -> None:
    _manager, browser = add_person(north, "manager")

    browser.post(f"/console/staff/{owner.pk}/{path}/", {"role": "cashier"})

    with tenant_transaction(north):
        owner.refresh_from_db()
        assert (owner.role, owner.is_active) == ("owner", True)


def test_a_closed_account_is_out_at_once_and_stays_out_of_old_sessions(client: ShopClient, north: Shop) -> None:
    user, browser = add_person(north, "cashier")
    assert browser.get("/console/orders/").status_code == 200

    client.post(f"/console/staff/{user.pk}/close/")
    closed = browser.get("/console/orders/").status_code
    client.post(f"/console/staff/{user.pk}/open/")

    assert (closed, browser.get("/console/orders/").status_code) == (302, 302)
    again = ShopClient(north)
    again.post("/console/sign-in/", {"login": user.email, "password": PASSWORD})
    assert again.get("/console/orders/").status_code == 200


def test_the_start_page_of_the_till_leads_to_its_work_and_counts_nothing(north: Shop) -> None:
    _user, till = add_person(north, "cashier")

    response = till.get("/console/")

    page = response.content.decode()
    led_to = re.findall(r'href="(/console/\w[^"]*)"', page[page.index('id="main"') :])
    pages = ("orders", "join-links", "coupons", "products", "stock", "security")
    assert led_to == [f"/console/{name}/" for name in pages]
    assert "overview" not in response.context


def test_another_role_counts_from_the_next_page(client: ShopClient, north: Shop) -> None:
    user, browser = add_person(north, "cashier")

    assert client.post(f"/console/staff/{user.pk}/role/", {"role": "manager"}).status_code == 302

    assert browser.get("/console/staff/").status_code == 200


def test_the_last_owner_stays_owner_and_open(client: ShopClient, north: Shop, owner: User) -> None:
    client.post(f"/console/staff/{owner.pk}/role/", {"role": "manager"})
    client.post(f"/console/staff/{owner.pk}/close/")

    with tenant_transaction(north):
        owner.refresh_from_db()
    assert (owner.role, owner.is_active) == ("owner", True)
    assert client.get("/console/staff/").status_code == 200


@pytest.mark.parametrize("role", ["\0", "no-such-role", "x" * 100, ""])
def test_what_is_no_role_is_given_to_nobody(client: ShopClient, north: Shop, role: str) -> None:
    user, _browser = add_person(north, "cashier")

    page = client.post(f"/console/staff/{user.pk}/role/", {"role": role}, follow=True)

    assert "请选择列出的角色。" in page.content.decode()
    with tenant_transaction(north):
        user.refresh_from_db()
    assert user.role == "cashier"


def test_people_of_another_shop_are_not_found(client: ShopClient) -> None:
    client.raise_request_exception = False
    for path in ("", "close/", "role/"):
        address = f"/console/staff/{UUID(int=1)}/{path}"
        assert {client.get(address, follow=True).status_code, client.post(address).status_code} <= {404, 405}


def test_a_role_of_the_shops_own_is_made_given_changed_and_deleted(client: ShopClient, north: Shop) -> None:
    client.post("/console/roles/new/", {"name": " Web  developer ", "permissions": ["keys.manage", "orders.view"]})
    with tenant_transaction(north):
        role = Role.objects.get()
    assert (role.name, role.permissions) == ("Web developer", ["orders.view", "keys.manage"])
    user, browser = add_person(north, role.code)
    assert browser.get("/console/keys/").status_code == 200

    shown = client.get(f"/console/roles/{role.code}/").content.decode()
    assert re.findall(r'value="([a-z_.]+)"[^>]* checked', shown) == ["orders.view", "keys.manage"]

    client.post(f"/console/roles/{role.code}/", {"name": "Developer", "permissions": ["orders.view"]})
    assert browser.get("/console/keys/").status_code == 403
    client.post(f"/console/roles/{role.code}/delete/")
    assert browser.get("/console/orders/").status_code == 200  # somebody has it: it stays

    client.post(f"/console/staff/{user.pk}/role/", {"role": "cashier"})
    client.post(f"/console/roles/{role.code}/delete/")
    with tenant_transaction(north):
        assert not Role.objects.exists()


def test_a_role_needs_a_name_of_its_own_and_known_permissions(client: ShopClient, north: Shop) -> None:
    with tenant_transaction(north):
        Role.objects.create(code="custom-x", name="Warehouse", permissions=[])

    for data, field in (
        ({"name": "warehouse"}, "name"),
        ({"name": " "}, "name"),
        ({"name": "Owner"}, "name"),
        ({"name": "New", "permissions": ["orders.burn"]}, "permissions"),
    ):
        client.cookies["laxin_language"] = "en"
        assert list(client.post("/console/roles/new/", data).context["form"].errors) == [field]
    with tenant_transaction(north):
        assert Role.objects.count() == 1


def test_the_grid_has_a_row_for_every_permission(client: ShopClient) -> None:
    client.cookies["laxin_language"] = "en"
    page = client.get("/console/roles/").content.decode()

    assert all(str(name).replace("'", "&#x27;") in page for name in PERMISSIONS.values())


def test_a_plan_limits_accounts_and_invitations_together(
    client: ShopClient, north: Shop, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        set_standing(shop=north, access=Shop.Access.OPEN, plan="starter", limits={"staff": 2}, features=[], notice={})
    invite(client, north)

    refused = client.post("/console/staff/", {"email": "third@north.example", "role": "cashier"})

    assert refused.context["form"].non_field_errors()
    with tenant_transaction(north):
        assert Invitation.objects.count() == 1


def test_a_strangers_mailbox_is_not_filled_by_whatever_shop(
    client: ShopClient, north: Shop, shops: tuple[Shop, Shop], settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"mail_to_stranger": "3/d/key"}
    client.cookies["laxin_language"] = "en"
    form = {"email": "Stranger@x.example", "role": "cashier"}
    client.post("/console/staff/", form)
    with tenant_transaction(north):
        [first] = Invitation.objects.values_list("pk", flat=True)
    client.post(f"/console/staff/invitations/{first}/send/")
    client.post(f"/console/staff/invitations/{first}/revoke/")
    client.post("/console/staff/", form)  # the third mail
    with tenant_transaction(north):
        second = Invitation.objects.latest("pk")

    resent = client.post(f"/console/staff/invitations/{second.pk}/send/", follow=True)
    changed = client.post("/console/security/email/", {"email": form["email"]})
    with tenant_transaction(shops[1]):
        southerner = User.objects.get()
    south = ShopClient(shops[1])
    south.force_login(southerner)
    refused = south.post("/console/staff/", form)

    assert "Try again in 24 hours." in resent.content.decode()
    assert list(changed.context["form"].errors) == list(refused.context["form"].errors) == ["email"]
    with tenant_transaction(shops[1]):
        assert (Invitation.objects.count(), Email.objects.count()) == (0, 0)
    with tenant_transaction(north):
        assert Email.objects.count() == 3
        assert Invitation.objects.get(pk=second.pk).secret_hash == second.secret_hash


def test_a_shop_sends_no_more_invitations_than_it_may_in_a_day(
    client: ShopClient, north: Shop, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"mail_of_shop": "2/d/key"}
    client.cookies["laxin_language"] = "en"

    answers = [
        client.post("/console/staff/", {"email": f"{number}@x.example", "role": "cashier"}) for number in range(3)
    ]

    assert [answer.status_code for answer in answers] == [302, 302, 200]
    assert "Try again in 24 hours." in answers[2].content.decode()
    with tenant_transaction(north):
        assert (Invitation.objects.count(), Email.objects.count()) == (2, 2)


def test_one_shop_alone_does_not_use_up_the_mails_that_a_stranger_may_get(
    client: ShopClient, north: Shop, shops: tuple[Shop, Shop]
) -> None:
    form = {"email": "victim@x.example", "role": "cashier"}
    for _ in range(8):
        client.post("/console/staff/", form)
        with tenant_transaction(north):
            waiting = Invitation.objects.filter(revoked_at=None).values_list("pk", flat=True).first()
        client.post(f"/console/staff/invitations/{waiting}/revoke/")
    with tenant_transaction(shops[1]):
        southerner = User.objects.get()
    south = ShopClient(shops[1])
    south.force_login(southerner)

    assert south.post("/console/staff/", form).status_code == 302

    with tenant_transaction(north):
        assert Email.objects.filter(to=[form["email"]]).count() == 2
    with tenant_transaction(shops[1]):
        assert Email.objects.filter(to=[form["email"]]).count() == 1
