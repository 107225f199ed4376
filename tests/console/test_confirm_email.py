"""The owner's address: until it is confirmed every page says so, and no link to a new password goes there."""

import re
from urllib.parse import quote

import pytest
from django.core import mail
from messaging.models import Email
from staff.audit import OPERATOR
from staff.models import AuditEntry, User

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import PASSWORD, ShopClient, owner_email

PAGE = "/console/security/address/"
BANNER = "Nobody has confirmed yet that owner@north.example is your address."


@pytest.fixture
def unproven(north: Shop) -> Shop:
    with tenant_transaction(north):
        User.objects.update(email_is_proven=False)
    return north


@pytest.fixture
def browser(unproven: Shop, owner: User) -> ShopClient:
    client = ShopClient(unproven)
    client.cookies["laxin_language"] = "en"
    client.force_login(owner)
    return client


def find_proof(shop: Shop) -> str:
    """The path of the link in the newest mail."""
    with tenant_transaction(shop):
        message = Email.objects.latest("pk")
    assert message.to == [owner_email(shop.slug)]
    found = re.search(rf"http://{shop.slug}\.localhost:8000({PAGE}\S+/)", message.text)
    assert found
    return found[1]


def test_every_page_says_it_until_the_link_is_opened(browser: ShopClient, unproven: Shop) -> None:
    before = browser.get("/console/products/").content.decode()
    browser.post(PAGE)
    proof = find_proof(unproven)

    page = browser.get(proof)
    with tenant_transaction(unproven):
        after_looking = User.objects.get().email_is_proven
    answer = browser.post(proof, follow=True)

    assert BANNER in before
    assert f'href="{PAGE}"' in before
    assert (page.status_code, after_looking) == (200, False)
    assert "owner@north.example is confirmed." in answer.content.decode()
    assert BANNER not in browser.get("/console/products/").content.decode()
    with tenant_transaction(unproven):
        assert User.objects.get().email_is_proven
        entry = AuditEntry.objects.get(subject="staff_user", event="update")
    assert (entry.actor_name, entry.after) == (owner_email("north"), {"email_is_proven": True})


def test_who_has_the_mail_but_not_the_password_confirms_nothing(browser: ShopClient, unproven: Shop) -> None:
    browser.post(PAGE)
    proof = find_proof(unproven)
    stranger = ShopClient(unproven)

    answers = [stranger.get(proof), stranger.post(proof)]

    assert [answer["Location"] for answer in answers] == [f"/console/sign-in/?next={quote(proof)}"] * 2
    with tenant_transaction(unproven):
        assert not User.objects.get().email_is_proven


def test_the_link_works_on_another_device_after_signing_in(browser: ShopClient, unproven: Shop) -> None:
    browser.post(PAGE)
    proof = find_proof(unproven)
    phone = ShopClient(unproven)
    sign_in = phone.get(proof)["Location"]

    answer = phone.post(sign_in, {"login": owner_email("north"), "password": PASSWORD, "next": proof})

    assert answer["Location"] == proof
    assert phone.get(proof).status_code == 200


def test_no_link_to_a_new_password_goes_to_an_unproven_address(unproven: Shop) -> None:
    client = ShopClient(unproven)
    client.cookies["laxin_language"] = "en"

    def ask(email: str) -> str:
        page = client.post("/console/password/", {"email": email}, follow=True).content.decode()
        return re.sub(r'(?<=name="csrfmiddlewaretoken" value=)"\w+"', "", page)

    answers = [ask(owner_email("north"))]
    sent = list(mail.outbox)
    with tenant_transaction(unproven):
        User.objects.update(email_is_proven=True)
    answers += [ask(owner_email("north")), ask("nobody@north.example")]

    assert sent == []
    assert answers == [answers[0]] * 3
    [message] = mail.outbox
    assert message.to == [owner_email("north")]


def test_another_address_is_proven_by_the_persons_own_session_alone(browser: ShopClient, unproven: Shop) -> None:
    """The second slip of the finger, and then the right address."""
    stranger = ShopClient(unproven)
    proven = []
    for address, opened_by in (("typo@north.example", stranger), ("right@north.example", browser)):
        browser.post("/console/security/email/", {"email": address})
        found = re.search(r"http://north\.localhost:8000(\S+)", str(mail.outbox[-1].body))
        assert found
        opened_by.post(found[1])
        with tenant_transaction(unproven):
            proven.append(User.objects.filter(email=address).values_list("email_is_proven", flat=True).get())
        mail.outbox.clear()
        stranger.post("/console/password/", {"email": address})

    assert proven == [False, True]
    assert [message.to for message in mail.outbox] == [["right@north.example"]]


def test_an_old_or_foreign_link_leads_to_another_one(browser: ShopClient, unproven: Shop) -> None:
    answer = browser.get(f"{PAGE}nonsense/", follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    page = answer.content.decode()
    assert "This link is too old, or of another address" in page
    assert "Send the link<" in page
    assert 'href="/console/security/email/"' in page


def test_the_link_is_not_sent_without_end(browser: ShopClient, unproven: Shop) -> None:
    pages = [browser.post(PAGE, follow=True).content.decode() for _ in range(3)]

    assert ["was written to several times" in page for page in pages] == [False, False, True]
    with tenant_transaction(unproven):
        assert Email.objects.count() == 2


def test_who_is_confirmed_is_told_so_and_gets_no_mail(north: Shop, owner: User) -> None:
    client = ShopClient(north)
    client.cookies["laxin_language"] = "en"
    client.force_login(owner)

    page = client.post(PAGE).content.decode()

    assert "owner@north.example is confirmed." in page
    assert "Send the link<" not in page
    with tenant_transaction(north):
        assert not Email.objects.exists()


def test_support_does_not_see_what_is_the_persons_own(browser: ShopClient, unproven: Shop) -> None:
    with tenant_transaction(unproven):
        session = browser.session
        session[OPERATOR] = {"name": "ann@laxin.example", "reason": "Ticket 4711"}
        session.save()

    assert BANNER not in browser.get("/console/products/").content.decode()
    assert browser.get(PAGE).status_code == 403
