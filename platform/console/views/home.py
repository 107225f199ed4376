"""The first page after signing in, and the facts of the shop."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from staff.permissions import SIGNED_IN

from console.access import staff_page
from console.selectors import get_overview
from tenants.models import Shop
from tenants.transaction import current_shop


@require_safe
@staff_page(SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    """What to do next, and what came of the last seven days."""
    overview = get_overview(now=timezone.now())
    return render(request, "console/home.html", {"overview": overview})


@require_safe
@staff_page("settings.view")
def shop_settings(request: HttpRequest) -> HttpResponse:
    """What the shop was opened with."""
    shop = current_shop()
    facts = [
        (_("Name"), shop.name),
        (_("Address"), request.build_absolute_uri("/")),
        (_("Storefront API"), request.build_absolute_uri("/graphql/")),
        (_("Language"), dict(settings.LANGUAGES)[shop.language]),
        (_("Currency"), shop.currency),
        (_("Time zone"), shop.time_zone),
        (_("Phone region"), shop.phone_region),
        (_("Opened on"), f"{localtime(shop.created_at):%Y-%m-%d}"),
        (_("State"), Shop.Access(shop.access).label),
    ]
    return render(request, "console/settings.html", {"facts": facts})
