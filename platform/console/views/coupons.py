"""Coupons: list, make, look at, pause."""

from uuid import UUID

from coupons.errors import BatchNotFound
from coupons.selectors import get_batch, list_batch_coupons, list_batches
from coupons.services import create_batch, set_batch_status
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from kernel.errors import InvalidInput
from kernel.money import percent_of

from console.access import staff_page
from console.forms.coupons import CouponForm
from console.forms.fields import add_fault
from console.paging import get_page_arguments
from console.posts import post_only
from tenants.transaction import current_shop

RECENT = 20
# What the example of the form is worked out for, unless the minimum spend is above it: 100.00.
SAMPLE_MINOR = 10_000


@require_safe
@staff_page("coupons.view")
def coupon_list(request: HttpRequest) -> HttpResponse:
    """Every coupon with what was claimed and used of it."""
    page = list_batches(now=timezone.now(), **get_page_arguments(request))
    return render(request, "console/coupons/list.html", {"page": page})


@staff_page("coupons.edit")
def coupon_create(request: HttpRequest) -> HttpResponse:
    """Make a coupon."""
    form = CouponForm(request.POST or None, currency=current_shop().currency)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                batch_id = create_batch(data=form.to_batch(), now=timezone.now())
        except InvalidInput as fault:
            add_fault(form, fault)
        else:
            messages.success(request, _("The coupon is ready. Make a join link so that people can get it."))
            return redirect("console:coupon", batch_id)
    return render(request, "console/coupons/create.html", {"form": form, "example": _make_example(form)})


@require_safe
@staff_page("coupons.edit")
def coupon_example(request: HttpRequest) -> HttpResponse:
    """What the form being filled in would do to a price; asked for while people type."""
    form = CouponForm(request.GET, currency=current_shop().currency)
    return render(request, "console/coupons/example.html", {"example": _make_example(form)})


@require_safe
@staff_page("coupons.view")
def coupon_detail(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """One coupon with its counts and who has it."""
    now = timezone.now()
    batch = get_batch(batch_id=batch_id, now=now)
    if batch is None:
        raise Http404
    page = list_batch_coupons(batch_id=batch_id, now=now, **get_page_arguments(request, RECENT))
    return render(request, "console/coupons/detail.html", {"batch": batch, "page": page})


@post_only
@staff_page("coupons.edit")
def coupon_status(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Pause or resume the claims."""
    active = request.POST.get("active") == "yes"
    try:
        set_batch_status(batch_id=batch_id, active=active)
    except BatchNotFound:
        raise Http404 from None
    messages.success(
        request,
        _("The coupon can be claimed again.")
        if active
        else _("The coupon can no longer be claimed. Whoever has one can still use it."),
    )
    return redirect("console:coupon", batch_id)


def _make_example(form: CouponForm) -> tuple[int, int] | None:
    """A price before and after, in minor units, once enough of the form makes sense."""
    if not form.is_bound:
        return None
    form.is_valid()
    data = form.cleaned_data
    before = max(SAMPLE_MINOR, data.get("minimum_spend") or 0)
    if data.get("kind") == "amount" and data.get("amount"):
        return before, max(0, before - data["amount"])
    if data.get("kind") == "percent" and data.get("percent"):
        return before, before - percent_of(before, data["percent"])
    return None
