"""Who may open a page of the console."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache, wraps
from typing import Any, Concatenate, cast

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput
from staff.audit import OPERATOR
from staff.models import User
from staff.permissions import PERMISSIONS, SIGNED_IN
from staff.requests import find_operator, get_ip
from staff.requests import get_actor as describe_actor
from staff.second_factor import used_second_factor
from staff.selectors import get_access, list_owners, list_roles_that_may
from staff.types import Access

from console.notices import is_closed_by_operator
from tenants.models import Shop
from tenants.transaction import act_as, current_shop

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SEEN_RESOLUTION = timedelta(minutes=5)
# What support may change in a shop. People, roles, keys, domains, payments, sign-in and whatever else is posted are the
# shop's own business: a new permission is closed to support until it is named here.
OPEN_TO_SUPPORT = frozenset({"products.edit", "stock.adjust", "coupons.edit", "join_links.edit", "settings.edit"})
# Pages offer this by buttons that lead to forms; a read-only shop offers nothing that it would refuse.
WORK = OPEN_TO_SUPPORT | {"orders.settle"}


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponse]


def staff_page[**P](
    permission: str,
    *,
    post: str | None = None,
    while_closed: bool = False,
    shown_while_closed: bool = False,
    without_second_factor: bool = False,
    not_for_support: bool = False,
) -> Callable[[View[P]], View[P]]:
    """The one gate of the console: `@staff_page("orders.view")`, inside `require_safe` and its like.

    The page is for signed-in staff whose role holds `permission` (SIGNED_IN: everybody), and `post` (if given) for what
    it changes. Others are led to sign in, or told who may. It is in the shop's time zone and never kept by a cache.

    While the shop is read-only its pages can be read: they offer no work, their forms are disabled (`is_read_only` of
    the request), the notice above says why, and posts are answered with the reason. While it is suspended its pages
    are closed. Not so where `while_closed` says that this page is what opens it again, takes access away, or concerns
    nobody but the person. Pages with forms of that kind are `shown_while_closed`, even while the shop is suspended:
    they disable their other forms themselves (the blocks `shut` and `unshut` of console/base.html are empty there).

    Whose role demands a second factor and who has none is led to its set-up from every page, but those of the set-up
    (`without_second_factor`); who has one and has not used it in this session, to the page that asks for a code. What
    is posted is done, in the audit log, by whoever is signed in.

    Support, who acts for the shop and not for the person, looks at every page but those `not_for_support` (one's own
    sign-in, and pages that do something when they are looked at), and posts only what OPEN_TO_SUPPORT names.
    """
    for each in filter(None, (permission, post)):
        if each not in PERMISSIONS and each != SIGNED_IN:
            raise ValueError(f"{each!r} is no permission: name it in staff/permissions.py.")

    def decorate(view: View[P]) -> View[P]:
        @login_required
        @wraps(view)
        def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            shop = current_shop()
            access = _enter(request)
            is_support = find_operator(request) is not None
            if not (without_second_factor or is_support) and (way := _find_way_to_second_factor(request, access)):
                return way
            needed = permission if request.method in SAFE_METHODS else post or permission
            is_refused = not_for_support or (request.method not in SAFE_METHODS and needed not in OPEN_TO_SUPPORT)
            if (is_support and is_refused) or not access.may(needed):
                return _refuse(request, needed)
            is_shown = while_closed or (shown_while_closed and request.method in SAFE_METHODS)
            if shop.access == Shop.Access.SUSPENDED and not is_shown:
                return _show_closed(request)
            if request.method == "POST" and shop.access != Shop.Access.OPEN and not while_closed:
                messages.error(request, _("The shop is read-only at the moment: nothing was saved."))
                return redirect("console:home")
            if shop.access != Shop.Access.OPEN and not while_closed:
                request.is_read_only = True  # type: ignore[attr-defined]
                if not shown_while_closed:
                    access = replace(access, permissions=access.permissions - WORK)
                    request.access = access  # type: ignore[attr-defined]
            if request.method not in SAFE_METHODS:
                act_as(describe_actor(request))
            with timezone.override(shop.time_zone):
                try:
                    response = view(request, *args, **kwargs)
                    if isinstance(response, SimpleTemplateResponse):
                        response.render()
                except InvalidInput as fault:
                    if not {*fault.field} & {"after", "before"}:
                        raise
                    return redirect(request.path)  # an old or edited address of a page further on: start the list again
            add_never_cache_headers(response)
            return response

        page.permissions = (permission, post or permission)  # type: ignore[attr-defined]
        page.while_closed = while_closed  # type: ignore[attr-defined]
        return page

    return decorate


def confirmed[**P](view: View[P]) -> View[P]:
    """What is posted decides who may do what: long after the sign-in it waits until the password was given again.

    Inside `staff_page`; the form need not be filled in a second time.
    """
    ask = reauthentication_required(enabled=lambda request: request.method not in SAFE_METHODS)
    return cast(View[P], ask(view))


def may_open(request: HttpRequest, view: str) -> bool:
    """Tell whether whoever asks may look at another page, by its name: for menus. No statement."""
    access = getattr(request, "access", None)
    return access is not None and access.may(get_permissions(view)[0])


@cache
def get_permissions(view: str) -> tuple[str, str]:
    """What the page of this name (without arguments) asks for, to look at it and to post."""
    found: tuple[str, str] = resolve(reverse(view), urlconf=settings.SHOP_URLCONF).func.permissions  # type: ignore[attr-defined]
    return found


def get_actor(request: HttpRequest) -> str:
    """Who did it, as ledgers and histories keep it."""
    return describe_actor(request).id


def get_access_of(request: HttpRequest) -> Access:
    """What whoever asks may do; set by the gate."""
    access: Access = request.access  # type: ignore[attr-defined]
    return access


def _enter(request: HttpRequest) -> Access:
    """Find out what the person may do, and note every few minutes that the session is in use. One statement."""
    session_key = request.session.session_key
    access = get_access(user=cast(User, request.user), session_key=session_key)
    request.access = access  # type: ignore[attr-defined]
    seen_at, now = access.session_seen_at, timezone.now()
    if seen_at is None:
        UserSession.objects.create_from_request(request)
        if operator := find_operator(request):  # the list says whose it really is
            UserSession.objects.filter(session_key=session_key).update(data={OPERATOR: operator["name"]})
    elif now - seen_at > SEEN_RESOLUTION:
        UserSession.objects.filter(session_key=session_key).update(last_seen_at=now, ip=get_ip(request) or F("ip"))
    return access


def _find_way_to_second_factor(request: HttpRequest, access: Access) -> HttpResponse | None:
    """Where whoever lacks a second factor, or has not used it in this session, is led to; else None."""
    if access.needs_second_factor:
        return redirect("mfa_activate_totp")
    if access.has_second_factor and not used_second_factor(request):
        here = request.get_full_path() if request.method in SAFE_METHODS else reverse("console:home")
        return redirect_to_login(here, reverse("mfa_reauthenticate"))
    return None


def _show_closed(request: HttpRequest) -> HttpResponse:
    """Say why the page cannot be used, and lead to the plan, unless an operator closed the shop by hand."""
    context = {"by_operator": is_closed_by_operator(current_shop()), "may_pay": may_open(request, "console:billing")}
    return _render_refusal(request, "console/closed.html", context)


def _refuse(request: HttpRequest, permission: str) -> HttpResponse:
    """Say what is missing, which roles have it and whom to ask for one of them; to support, what it is for."""
    if find_operator(request):
        return _render_refusal(request, "console/refused_support.html", {})
    context = {
        "permission": PERMISSIONS[permission],
        "roles": list_roles_that_may(permission=permission),
        "owners": list_owners(),
    }
    return _render_refusal(request, "console/refused.html", context)


def _render_refusal(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context, status=403)
    add_never_cache_headers(response)
    return response
