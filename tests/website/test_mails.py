"""Mails that were written into files can be read and followed, on the own machine in development alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from pytest_django import Settings

from tenants.models import Shop
from tests.conftest import ClientFor
from tests.settings import ROOT
from tests.website.test_pages import text

LINK = "http://corner.localhost:8000/console/invitation/abc/"


def write(folder: Path, *subjects: str, html: str = "") -> None:
    """Write mails into one file, as the worker does."""
    backend = "django.core.mail.backends.filebased.EmailBackend"
    connection = get_connection(backend, file_path=str(folder))
    mails = [
        EmailMultiAlternatives(each, f"Come in:\n{LINK}\n<b>", "a@x.example", ["li@x.example"]) for each in subjects
    ]
    for mail in mails:
        if html:
            mail.attach_alternative(html, "text/html")
    connection.send_messages(mails)


@pytest.fixture
def site(client_for: ClientFor, shops: tuple[Shop, Shop], settings: Settings, tmp_path: Path) -> Client:
    settings.ROOT_URLCONF = "tests.website.mail_site"
    settings.SHOWN_MAIL_FOLDER = tmp_path
    client = client_for(None)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def test_the_newest_mail_comes_first_with_its_subject_in_plain_words(site: Client, tmp_path: Path) -> None:
    assert "No mail has been written yet" in text(site.get("/mails/"))
    write(tmp_path, "One", "街角小店已开通")
    write(tmp_path, "Three")
    old = tmp_path / "20200101-000000-1.log"
    next(path for path in sorted(tmp_path.iterdir()) if b"One" in path.read_bytes()).rename(old)
    (tmp_path / "20200101-000000-2.log").write_bytes(b"Subject: half")  # being written

    page = site.get("/mails/")

    assert [mail.subject for mail in page.context["mails"]] == ["Three", "街角小店已开通", "One"]
    assert "街角小店已开通" in text(page)
    assert 'href="/mails/20200101-000000-1/1/"' in text(page)
    assert "li@x.example" in text(page)


def test_a_mail_is_shown_as_text_with_links_to_follow_and_as_html_that_runs_nothing(
    site: Client, tmp_path: Path, settings: Settings
) -> None:
    write(tmp_path, "Bare")
    bare = site.get("/mails/").context["mails"][0]
    for path in tmp_path.iterdir():
        path.unlink()
    write(tmp_path, "Hello", html='<p style="color:red">Hi</p>')
    mail = site.get("/mails/").context["mails"][0]

    page = text(site.get(f"/mails/{mail.name}/{mail.number}/"))
    html = site.get(f"/mails/{mail.name}/{mail.number}/html/")

    assert bare.html == ""
    assert f'<a href="{LINK}"' in page
    assert "&lt;b&gt;" in page
    assert html.content == b'<p style="color:red">Hi</p>'
    policy = html.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert site.get(f"/mails/{mail.name}/1/").status_code == 404
    assert site.get("/mails/1-1-1/0/").status_code == 404
    assert site.get("/mails/secret_key/0/").status_code == 404
    settings.SHOWN_MAIL_FOLDER = None
    assert site.get("/mails/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"LAXIN_BIND": "0.0.0.0", "LAXIN_STRIPE_STAND_IN": "network"}, 404),
        ({"LAXIN_BASE_URL": "http://shops.example"}, 404),
        ({"LAXIN_PROXIES": "1"}, 404),
        ({"LAXIN_EMAIL_URL": "smtp://mail.example"}, 404),
        ({"LAXIN_ENV": "test"}, 404),
        (
            {
                "LAXIN_ENV": "production",
                "LAXIN_SECRET_KEY": "x" * 40,
                "LAXIN_DATABASE_URL": "postgresql://laxin@localhost/laxin",
                "LAXIN_BROKER_URL": "redis://localhost/0",
                "LAXIN_STRIPE_KEY": "sk_live_1",
                "LAXIN_STRIPE_WEBHOOK_SECRETS": "whsec_1",
                "LAXIN_EMAIL_URL": "file:///tmp/mail",
            },
            404,
        ),
    ],
)
def test_mails_are_shown_on_the_own_machine_in_development_alone(
    tmp_path: Path, changes: dict[str, str], status: int
) -> None:
    program = (
        "import django; django.setup(); from django.urls import Resolver404, resolve\n"
        "try: resolve('/mails/'); print(200)\n"
        "except Resolver404: print(404)"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LAXIN_")}
    environ = clean | {"DJANGO_SETTINGS_MODULE": "config.settings", "LAXIN_HOME": str(tmp_path)} | changes

    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.stdout.strip(), done.stderr) == (str(status), "")
