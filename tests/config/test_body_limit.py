"""Nobody fills the disk before signing in: bodies are refused by their length, before anything reads them."""

import http.client
from io import BytesIO
from typing import Any

import pytest
from branding.services import MOST_BYTES
from config.body_limit import BodyLimitMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from storefront_api.limits import MAX_BODY_BYTES
from tenants.models import Shop
from tests.conftest import ClientFor
from tests.support.live import LiveServer

FORM = "multipart/form-data; boundary=x"
LARGEST = settings.MOST_BODY_BYTES


class Untouched(BytesIO):
    """A body that nobody may read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("The body was read.")

    readline = read


def send(client_for: ClientFor, shop: Shop | None, path: str, *, length: int | str, kind: str = FORM) -> Any:
    """Announce a body of so many bytes."""
    environ: dict[str, Any] = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": kind, "wsgi.input": Untouched()}
    return client_for(shop).generic("POST", path, headers={"accept-language": "en"}, **environ)


@pytest.mark.parametrize("path", ["/console/sign-in/", "/j/welcome", "/no/such/page"])
@pytest.mark.parametrize("length", [LARGEST + 1, 10**12, "9" * 5000])
def test_a_body_that_is_too_large_is_refused_unread_on_any_page(
    client_for: ClientFor, shops: tuple[Shop, Shop], path: str, length: int | str
) -> None:
    answer = send(client_for, shops[0], path, length=length)
    page = answer.content.decode()
    assert answer.status_code == 413
    assert "BODY_TOO_LARGE" in page
    assert "At most 16 MB can be sent. Choose a smaller file." in page
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("path", ["/", "/backoffice/sign-in/", "/billing/stripe/webhook"])
def test_the_public_site_refuses_it_too(client_for: ClientFor, db: None, path: str) -> None:
    assert send(client_for, None, path, length=LARGEST + 1).status_code == 413


def test_programs_get_a_code(client_for: ClientFor, shops: tuple[Shop, Shop]) -> None:
    answer = send(client_for, shops[0], "/graphql/", length=LARGEST + 1, kind="application/json")
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"] == {"code": "BODY_TOO_LARGE"}


def test_what_is_taken_today_fits() -> None:
    """The largest form brings a logo; a picture that is too large for one is told so by the form."""
    assert max(MOST_BYTES, MAX_BODY_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE) * 3 < LARGEST


def test_the_largest_body_and_none_at_all_go_through() -> None:
    seen: list[str | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.META.get("CONTENT_LENGTH"))
        return HttpResponse()

    middleware = BodyLimitMiddleware(view)
    for length in (str(LARGEST), "0", "", "abc", None):
        request = RequestFactory().post("/")
        request.META["CONTENT_LENGTH"] = length
        if length is None:
            del request.META["CONTENT_LENGTH"]
        middleware(request)
    assert seen == [str(LARGEST), "0", "", "abc", None]


def test_a_body_in_chunks_is_told_to_give_its_length(web_server: LiveServer, live_shops: tuple[Shop, Shop]) -> None:
    """By the real server: it hands on chunks without a length, and does not wait for the end of what is refused."""
    for headers, body, expected in (
        ({"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, b"2\r\n{}\r\n0\r\n\r\n", 411),
        ({"Content-Type": FORM, "Transfer-Encoding": "chunked"}, b"2\r\nab\r\n", 411),  # there is no end
        ({"Content-Type": FORM, "Content-Length": str(LARGEST + 1)}, b"--x\r\n", 413),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", web_server.port, timeout=10)
        connection.putrequest("POST", "/console/sign-in/", skip_host=True)
        for name, value in {"Host": f"north.localhost:{web_server.port}", **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == expected, text
        assert ("LENGTH_REQUIRED" if expected == 411 else "BODY_TOO_LARGE") in text
