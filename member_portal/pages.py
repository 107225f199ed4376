"""What the customer's pages have in common: language, time zone, caching and the member's cookie."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from members.selectors import get_token
from members.services import TOKEN_LIFETIME, renew_token
from members.types import TokenRow

from tenants.transaction import current_shop

COOKIE = "laxin_member"
_RENEWED = "renewed_member_secret"  # an attribute of the request


def portal_page[**P](view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Run a view in the shop's time zone and, unless the visitor chose one, its language; keep the page out of caches.

    A scanned code is the shop's word: it speaks the shop's language, whatever the browser prefers.
    """

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = args[0]
        assert isinstance(request, HttpRequest)
        shop = current_shop()
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(shop.language)
        with timezone.override(shop.time_zone):
            response = view(*args, **kwargs)
        if renewed := getattr(request, _RENEWED, None):
            keep_secret(response, renewed)
        response["Cache-Control"] = "private, no-store"
        return response

    return wrapped


def read_token(request: HttpRequest, *, now: datetime) -> TokenRow | None:
    """Return the member's token of this browser, if it is still good; one that is ageing is renewed, as is its cookie.

    Whoever comes back now and then keeps their coupons; most pages write nothing.
    """
    secret = read_secret(request)
    token = get_token(secret=secret, now=now) if secret else None
    if token and token.is_ageing:
        renew_token(token_id=token.id, now=now)
        setattr(request, _RENEWED, secret)
    return token


def read_secret(request: HttpRequest) -> str | None:
    """Return what the cookie holds."""
    return request.COOKIES.get(COOKIE)


def keep_secret(response: HttpResponse, secret: str) -> None:
    """Put the token into a cookie of this host alone, out of reach of scripts."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=TOKEN_LIFETIME,
        httponly=True,
        samesite="Lax",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )


def forget_secret(response: HttpResponse) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, samesite="Lax")
