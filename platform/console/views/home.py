"""The first page after signing in, and the facts of the shop."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import staff_page
from console.selectors import get_overview
from tenants.transaction import current_shop


@require_safe
@staff_page
def home(request: HttpRequest) -> HttpResponse:
    """What to do next, and what came of the last seven days."""
    overview = get_overview(now=timezone.now())
    return render(request, "console/home.html", {"overview": overview})


@require_safe
@staff_page
def shop_settings(request: HttpRequest) -> HttpResponse:
    """What the shop was opened with."""
    return render(
        request, "console/settings.html", {"shop": current_shop(), "address": request.build_absolute_uri("/")}
    )
