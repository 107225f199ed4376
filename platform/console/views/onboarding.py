"""The first steps of a new shop: sample data, logo, and the list of what is left to do."""

from branding.selectors import as_data_uri, get_logo
from branding.services import MOST_BYTES, remove_logo, set_logo
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from kernel.errors import DomainError, InvalidInput
from onboarding.services import hide_checklist, put_samples_in, show_checklist, take_samples_out
from staff.audit import record_own_event

from console.access import get_actor, staff_page
from console.forms.onboarding import LogoForm, SamplesForm
from console.posts import post_only


@post_only
@staff_page("settings.edit")
def samples(request: HttpRequest) -> HttpResponse:
    """Put the samples of a trade in, or take them out again."""
    now, actor = timezone.now(), get_actor(request)
    if request.POST.get("take_out") == "yes":
        out = take_samples_out(actor=actor, now=now)
        if out.archived + out.deleted + out.kept:
            messages.success(request, _("The sample data is out. Its products are archived, their stock written off."))
        if out.kept:
            messages.info(
                request,
                ngettext(
                    "%(count)d thing of it was used by customers; it is closed, and what they hold stays valid.",
                    "%(count)d things of it were used by customers; they are closed, and what they hold stays valid.",
                    out.kept,
                )
                % {"count": out.kept},
            )
        return redirect("console:home")
    form = SamplesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what you sell, so that the samples fit."))
        return redirect("console:home")
    try:
        with transaction.atomic():
            added = put_samples_in(industry=form.cleaned_data["industry"], actor=actor, now=now)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("console:home")
    if added:
        messages.success(request, _("The sample data is in: products with stock, a coupon and a join link to try out."))
    return redirect("console:home")


@post_only
@staff_page("settings.edit")
def checklist(request: HttpRequest) -> HttpResponse:
    """Hide the list of first steps, or show it again."""
    if request.POST.get("show") == "yes":
        show_checklist()
    else:
        hide_checklist(now=timezone.now())
    return redirect("console:home")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("settings.view", post="settings.edit")
def logo(request: HttpRequest) -> HttpResponse:
    """The shop's logo: see it, give another one, or take it away."""
    form = LogoForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if request.POST.get("remove") == "yes":
            if remove_logo():
                record_own_event(event="delete", subject="branding_logo")
            messages.success(request, _("The logo is gone; pages show the shop’s name."))
            return redirect("console:logo")
        form = LogoForm(request.POST, request.FILES)
        if form.is_valid() and _save(form):
            messages.success(request, _("The logo is on your pages now."))
            return redirect("console:logo")
    held = get_logo()
    return render(request, "console/onboarding/logo.html", {"form": form, "logo": as_data_uri(held) if held else ""})


def _save(form: LogoForm) -> bool:
    upload = form.cleaned_data["logo"]
    try:
        with transaction.atomic():
            # One byte more than allowed is enough to refuse it.
            set_logo(data=upload.read(MOST_BYTES + 1), now=timezone.now())
            record_own_event(event="update", subject="branding_logo")
    except InvalidInput as fault:
        form.add_error("logo", fault.message)
        return False
    return True
