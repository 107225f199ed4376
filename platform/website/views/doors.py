"""Ways from the public site into a shop that exists: by its address, or by mail."""

from allauth.core.internal.ratelimit import consume
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from kombu.exceptions import OperationalError

from tenants.addresses import get_shop_address
from website.forms import FindShopForm, SignInForm
from website.language import public_page
from website.page import render_page
from website.selectors import find_slug
from website.tasks import send_shop_list
from website.throttle import is_too_often


@public_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in page of the shop whose address was typed."""
    form = SignInForm(request.POST if request.method == "POST" else None)
    is_refused = form.is_bound and is_too_often(request, form, action="shop_door")
    if form.is_valid():
        slug = find_slug(form.cleaned_data["address"])
        if slug:
            return redirect(f"{get_shop_address(slug)}/console/sign-in/")
        form.add_error("address", _("There is no shop at this address. Check it, or have the list sent to you below."))
    return render_page(
        request,
        "website/sign_in.html",
        title=f"{_('Sign in')} · Laxin",
        description=_("Type the address of your shop to get to its sign-in page."),
        form=form,
        domain=settings.BASE_HOST,
        status=429 if is_refused else 200,
    )


@never_cache
@public_page
def find_shop(request: HttpRequest) -> HttpResponse:
    """Send a person the list of their shops. The answer and its time are the same whether the address is known.

    What is no address sends no mail, and is counted leniently.
    """
    form = FindShopForm(request.POST if request.method == "POST" else None)
    is_refused = form.is_bound and is_too_often(
        request, form, action="find_shop" if form.is_valid() else "find_shop_mistaken"
    )
    is_down = form.is_valid() and not _send_list(request, form.cleaned_data["email"])
    if is_down:
        form.add_error(None, _("The mail cannot be sent at the moment. Please try again in a few minutes."))
    return render_page(
        request,
        "website/find_shop.html",
        title=f"{_('Find your shop')} · Laxin",
        description=_("Have the addresses of your shops sent to your e-mail address."),
        form=form,
        sent=form.is_valid(),
        status=429 if is_refused else 503 if is_down else 200,
    )


def _send_list(request: HttpRequest, email: str) -> bool:
    """Have the list sent; whether the queue takes it. An address is written to seldom: nobody's mailbox is filled."""
    usage = consume(request, app="allauth.account", action="find_shop_of_address", key=email)
    if usage:
        try:
            send_shop_list.delay(email, get_language())
        except OperationalError:  # of the broker
            usage.rollback()
            return False
    return True
