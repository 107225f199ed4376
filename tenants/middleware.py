"""From the Host header to the shop, and one tenant transaction for each request."""

import logging
from collections.abc import Callable, Iterator
from typing import cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils import translation

from tenants.access import is_closed_for
from tenants.backend.base import DatabaseWrapper
from tenants.conflicts import forget_conflict, had_conflict, is_conflict, note_conflict
from tenants.domains import find_slug_of_domain
from tenants.models import Shop
from tenants.selectors import find_shop
from tenants.transaction import tenant_transaction

HSTS = "Strict-Transport-Security"

logger = logging.getLogger(__name__)

type GetResponse = Callable[[HttpRequest], HttpResponseBase]


class HostMiddleware:
    """Decides which hosts are ours, before anything believes the Host header: the platform's and proven domains.

    Sets `request.shop_slug`, None for the public site. Any other host is refused with status 400.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = request.get_host()  # its form is checked here
        name = split_domain_port(host)[0].rstrip(".")
        if name == settings.BASE_HOST or name.endswith(f".{settings.BASE_HOST}"):
            request.shop_slug = slug_of_host(host)  # type: ignore[attr-defined]
            return self.get_response(request)
        found = find_slug_of_domain(name)
        if found is None:
            raise DisallowedHost(f"Neither the platform's nor a shop's proven domain: {name!r}")
        request.shop_slug, primary = found  # type: ignore[attr-defined]
        if primary and primary != name and request.method in {"GET", "HEAD"}:
            port = host[len(name) :] if host.startswith(f"{name}:") else ""
            return HttpResponseRedirect(f"{request.scheme}://{primary}{port}{request.get_full_path()}")
        response = self.get_response(request)
        if HSTS in response.headers:  # other hosts of the merchant's are none of ours: no subdomains, no preload list
            response.headers[HSTS] = f"max-age={settings.SECURE_HSTS_SECONDS}"
        return response


class ShopMiddleware:
    """Sets `request.shop` (None on the public site) and the addresses that apply, and runs the rest inside the shop.

    A view that returns commits; one that raises (Http404 too) or answers with a status of 500 or more is rolled back.
    Sessions, template responses and every middleware further in are inside the transaction. A request that the
    database undid for the sake of another one is run once more, middleware and all, unless it has left the shop
    meanwhile (`outside()` commits) or brought files, which are read by then.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        slug: str | None = request.shop_slug  # type: ignore[attr-defined]
        if slug is None:
            request.shop = None  # type: ignore[attr-defined]
            return self.get_response(request)
        shop = find_shop(slug)
        if shop is None:
            return _render_notice(request, "unknown_shop.html", status=404)
        request.shop = shop  # type: ignore[attr-defined]
        if is_closed_for(shop, request.path):
            return _render_notice(request, "suspended_shop.html", status=403)
        request.urlconf = settings.SHOP_URLCONF
        response, is_whole = self._run(request, shop)
        if had_conflict(request) and is_whole and not getattr(request, "_files", None):
            response, _ = self._run(request, shop)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _stream_inside(shop, cast(Iterator[bytes], response.streaming_content))
        return response

    def _run(self, request: HttpRequest, shop: Shop) -> tuple[HttpResponseBase, bool]:
        """Return the response, and whether all that was done is in one transaction."""
        request.view_raised = False  # type: ignore[attr-defined]
        forget_conflict(request)
        wrapper = cast(DatabaseWrapper, connection)
        with tenant_transaction(shop):
            block = wrapper.shop_block
            response = self.get_response(request)
            is_whole = wrapper.shop_block is block
            if request.view_raised or response.status_code >= 500:  # type: ignore[attr-defined]
                transaction.set_rollback(True)
        return response, is_whole

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Note that the view raised; Django makes a response of it before this middleware sees it."""
        request.view_raised = True  # type: ignore[attr-defined]
        if not is_conflict(exception):
            return None
        note_conflict(request)
        logger.warning("%s %s was undone by the database: %s", request.method, request.path, exception)
        response = _render_notice(request, "busy_shop.html", status=503)
        response["Retry-After"] = "1"
        return response


def slug_of_host(host: str) -> str | None:
    """Return the shop's part of `host` (a port may follow), None for the public site itself."""
    name = host.rsplit(":", 1)[0].rstrip(".").lower()
    return name.removesuffix(f".{settings.BASE_HOST}") if name != settings.BASE_HOST else None


def _stream_inside(shop: Shop, content: Iterator[bytes]) -> Iterator[bytes]:
    """The request's transaction is over when the server asks for the first piece."""
    with tenant_transaction(shop):
        yield from content


def _render_notice(request: HttpRequest, template: str, *, status: int) -> HttpResponseBase:
    """A page outside the shop: sessions and languages are worked out further in, so the browser's language decides."""
    with translation.override(translation.get_language_from_request(request)):
        return render(request, template, {"host": request.get_host(), "base_url": settings.BASE_URL}, status=status)
