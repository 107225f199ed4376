"""The first page after signing in, and the facts of the shop."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from onboarding.samples import DEFAULT
from staff.permissions import SIGNED_IN

from console.access import get_access_of, may_open, staff_page
from console.checklist import get_checklist
from console.forms.onboarding import SamplesForm
from console.selectors import get_overview
from tenants.models import Shop
from tenants.transaction import current_shop


@require_safe
@staff_page(SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    """What to do next, and what came of the last seven days."""
    access = get_access_of(request)
    context: dict[str, Any] = {}
    if access.may("reports.view") or access.may("coupons.edit"):
        context["overview"] = get_overview(now=timezone.now())
    if access.may("settings.edit"):
        checklist = get_checklist()
        if checklist.is_hidden:
            context["may_show_checklist"] = True
        elif checklist.has_samples or not checklist.is_complete:
            industry = current_shop().industry or DEFAULT
            context |= {"checklist": checklist, "samples_form": SamplesForm(initial={"industry": industry})}
    return render(request, "console/home.html", context)


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
    context = {"facts": facts, "may_archive": may_open(request, "console:archive")}
    return render(request, "console/settings.html", context)
