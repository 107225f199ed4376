"""The whole shop as a file, in the console: who gets it, what is asked before, what page and log say."""

import io
import tarfile
from datetime import timedelta
from typing import Any

import pytest
from archives.models import Archive
from archives.services import write_archive
from archives.tasks import delete_old_archives_of_all_shops
from celery import Task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, ViewportSize
from staff.models import AuditEntry, User

from tenants.models import Shop
from tenants.selectors import cache_key
from tenants.transaction import tenant_transaction
from tests.support.browser import DESKTOP, PHONE, axe_violations, page_of
from tests.support.live import LiveServer
from tests.support.shops import PASSWORD, ShopClient, owner_email

PAGE, FILE = "/console/archive/", "/console/archive/file/"


@pytest.fixture
def north(shops: tuple[Shop, Shop]) -> Shop:
    return shops[0]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tasks that were sent, in place of a broker."""
    names: list[str] = []
    monkeypatch.setattr(Task, "apply_async", lambda self, *args, **options: names.append(self.name))
    return names


def sign_in(shop: Shop, email: str = "") -> ShopClient:
    client = ShopClient(shop)
    client.cookies["laxin_language"] = "en"
    client.post("/console/sign-in/", {"login": email or owner_email(shop.slug), "password": PASSWORD})
    return client


def forget_the_password(client: ShopClient, shop: Shop) -> None:
    """As if it had been given an hour ago."""
    with tenant_transaction(shop):
        session = client.session
        for record in session["account_authentication_methods"]:
            record["at"] -= 3600
        session.save()


def read_log(shop: Shop) -> list[tuple[str, str]]:
    with tenant_transaction(shop):
        events = AuditEntry.objects.filter(subject="tenants_shop").order_by("pk")
        return list(events.values_list("event", "actor_name"))


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_the_owner_asks_fetches_and_stands_in_the_log(
    north: Shop, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    client = sign_in(north)
    assert "There is no file at the moment" in text_of(client.get(PAGE))
    assert client.get(FILE).headers["Location"] == PAGE

    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(PAGE).headers["Location"] == PAGE
    assert sent == ["archives.tasks.write_archive"]
    page = text_of(client.get(PAGE))
    assert "The file is being written" in page
    assert "Write the file" not in page
    with tenant_transaction(north):
        assert write_archive()
    assert "The file is ready" in text_of(client.get("/console/archive/progress/"))

    response = client.get(FILE)
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]

    assert len(content) == int(response.headers["Content-Length"])
    assert response.headers["Content-Disposition"].startswith('attachment; filename="north-')
    assert "no-store" in response.headers["Cache-Control"]
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert "manifest.json" in tar.getnames()
    assert read_log(north) == [("export", owner_email("north")), ("download", owner_email("north"))]


def test_while_one_is_being_written_a_second_press_says_so_and_sends_nothing(
    north: Shop, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    client = sign_in(north)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(PAGE)
        page = client.post(PAGE, follow=True)

    assert "An archive is being written already" in text_of(page)
    assert len(sent) == 1
    assert len(read_log(north)) == 1


@pytest.mark.parametrize("role", ["manager", "cashier", "accountant"])
def test_other_roles_neither_ask_for_it_nor_fetch_it(north: Shop, role: str) -> None:
    write_one(north)
    with tenant_transaction(north):
        User.objects.create_user("li@north.example", PASSWORD, role=role)
    client = sign_in(north, "li@north.example")

    assert [client.get(PAGE).status_code, client.post(PAGE).status_code, client.get(FILE).status_code] == [403] * 3
    assert "archive" not in text_of(client.get("/console/settings/"))
    with tenant_transaction(north):
        assert Archive.objects.get().state == "ready"


def write_one(shop: Shop) -> None:
    client = sign_in(shop)
    client.post(PAGE)
    with tenant_transaction(shop):
        assert write_archive()


def test_both_asking_and_fetching_want_the_password_again_after_a_while(north: Shop) -> None:
    write_one(north)
    client = sign_in(north)
    forget_the_password(client, north)

    for answer in (client.get(FILE), client.post(PAGE)):
        assert answer.headers["Location"].startswith("/console/security/again/")
    with tenant_transaction(north):
        assert Archive.objects.get().state == "ready"
    again = client.post(f"/console/security/again/?next={FILE}", {"password": PASSWORD})
    assert again.headers["Location"] == FILE
    assert client.get(FILE).headers["Content-Type"] == "application/gzip"


def test_without_a_session_or_in_another_shop_there_is_no_file(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    write_one(north)

    assert ShopClient(north).get(FILE).headers["Location"].startswith("/console/sign-in/")
    assert sign_in(south).get(FILE).headers["Location"] == PAGE
    stranger = ShopClient(north)
    stranger.cookies = sign_in(south).cookies
    assert stranger.get(FILE).headers["Location"].startswith("/console/sign-in/")


@pytest.mark.parametrize("access", ["read_only", "suspended"])
def test_a_closed_shop_still_gives_its_data_to_its_owner(north: Shop, access: str) -> None:
    Shop.objects.filter(pk=north.pk).update(access=access)
    cache.delete(cache_key(north.slug))
    north.refresh_from_db()
    write_one(north)

    assert sign_in(north).get(FILE).headers["Content-Type"] == "application/gzip"


@pytest.mark.parametrize(("access", "address"), [("suspended", "products/"), ("suspended", "billing/"),
                                                 ("read_only", "billing/"), ("open", "billing/")])  # fmt: skip
def test_the_closed_page_and_the_page_of_the_plan_lead_to_the_file(north: Shop, access: str, address: str) -> None:
    Shop.objects.filter(pk=north.pk).update(access=access)
    cache.delete(cache_key(north.slug))
    client = sign_in(north)

    page = client.get(f"/console/{address}").content.decode()

    assert f'href="{PAGE}"' in page
    assert client.get(PAGE).status_code == 200


def test_what_stopped_or_failed_can_be_started_again_from_the_page(north: Shop) -> None:
    client = sign_in(north)
    client.post(PAGE)
    with tenant_transaction(north):
        Archive.objects.update(beat_at=timezone.now() - timedelta(minutes=2))
    assert "seems to have stopped" in text_of(client.get(PAGE))
    with tenant_transaction(north):
        Archive.objects.update(state="failed")
    assert "could not be written" in text_of(client.get(PAGE))
    client.post(PAGE)
    assert "is being written" in text_of(client.get(PAGE))


def test_beat_sends_the_clearing_away_to_every_shop(shops: tuple[Shop, Shop], sent: list[str]) -> None:
    delete_old_archives_of_all_shops()

    assert sent == ["archives.tasks.delete_old_archive"] * 2
    schedule = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "archives.tasks.delete_old_archives_of_all_shops" in schedule


@pytest.mark.parametrize(("viewport", "language", "theme"), [(PHONE, "zh-hans", "shop-dark"), (DESKTOP, "en", "shop")])
def test_in_the_browser_it_is_asked_for_watched_and_fetched(  # noqa: PLR0917
    live_shops: tuple[Shop, Shop],
    web_server: LiveServer,
    browser: Browser,
    viewport: ViewportSize,
    language: str,
    theme: str,
) -> None:
    north = live_shops[0]
    with page_of(browser, viewport=viewport, locale=language) as page:
        cookies = (("laxin_language", language), ("theme", theme))
        page.context.add_cookies([{"name": n, "value": v, "url": web_server.url(north, "/")} for n, v in cookies])
        page.goto(web_server.url(north, "/console/sign-in/"))
        page.fill("[name=login]", owner_email("north"))
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.goto(web_server.url(north, "/console/settings/"))
        page.click("a[href='/console/archive/']")
        assert axe_violations(page) == []
        page.click("#archive button")
        page.wait_for_selector("#archive progress")
        assert axe_violations(page) == []

        with tenant_transaction(north):
            assert write_archive()
        page.wait_for_selector(f"a[href='{FILE}']")
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        with page.expect_download() as download:
            page.click(f"a[href='{FILE}']")
        with tarfile.open(download.value.path()) as tar:
            assert "manifest.json" in tar.getnames()
