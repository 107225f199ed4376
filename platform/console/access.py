"""Who may open a page of the console."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Concatenate

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput
from staff.permissions import PERMISSIONS, SIGNED_IN
from staff.selectors import get_access, list_owners, list_roles_that_may

from tenants.models import Shop
from tenants.transaction import current_shop

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponse]


def staff_page[**P](
    permission: str, *, post: str | None = None, while_closed: bool = False
) -> Callable[[View[P]], View[P]]:
    """The one gate of the console: `@staff_page("orders.view")`, inside `require_safe` and its like.

    The page is for signed-in staff whose role holds `permission` (SIGNED_IN: everybody), and `post` (if given) for what
    it changes. Others are led to sign in, or told who may. It is in the shop's time zone and never kept by a cache.

    While the shop is read-only or suspended its pages can be read, and posts are answered with the reason, unless
    `while_closed` says that this page is what opens it again, or concerns nobody but the person.
    """
    for each in filter(None, (permission, post)):
        if each not in PERMISSIONS and each != SIGNED_IN:
            raise ValueError(f"{each!r} is no permission: name it in staff/permissions.py.")

    def decorate(view: View[P]) -> View[P]:
        @login_required
        @wraps(view)
        def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            shop = current_shop()
            access = request.access = get_access(user=request.user)  # type: ignore[attr-defined, arg-type]
            needed = permission if request.method in SAFE_METHODS else post or permission
            if not access.may(needed):
                return _refuse(request, needed)
            if request.method == "POST" and shop.access != Shop.Access.OPEN and not while_closed:
                messages.error(request, _("The shop is read-only at the moment: nothing was saved."))
                return redirect("console:home")
            with timezone.override(shop.time_zone):
                try:
                    response = view(request, *args, **kwargs)
                except InvalidInput as fault:
                    if not {*fault.field} & {"after", "before"}:
                        raise
                    return redirect(request.path)  # an old or edited address of a page further on: start the list again
            add_never_cache_headers(response)
            return response

        page.permissions = (permission, post or permission)  # type: ignore[attr-defined]
        return page

    return decorate


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
    return f"staff:{request.user.pk}"


def _refuse(request: HttpRequest, permission: str) -> HttpResponse:
    """Say what is missing, which roles have it and whom to ask for one of them."""
    context = {
        "permission": PERMISSIONS[permission],
        "roles": list_roles_that_may(permission=permission),
        "owners": list_owners(),
    }
    response = render(request, "console/refused.html", context, status=403)
    add_never_cache_headers(response)
    return response
