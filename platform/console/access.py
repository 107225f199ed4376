"""Who may open a page of the console."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput

from tenants.models import Shop
from tenants.transaction import current_shop


def staff_page[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page for signed-in staff, in the shop's time zone, never kept by a cache. Others are led to sign in.

    While the shop is read-only or suspended its pages can be read, and posts are answered with the reason.
    """

    @login_required
    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        shop = current_shop()
        if request.method == "POST" and shop.access != Shop.Access.OPEN:
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

    return page


def get_actor(request: HttpRequest) -> str:
    """Who did it, as ledgers and histories keep it."""
    return f"staff:{request.user.pk}"
