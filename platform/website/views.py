"""Pages of the public site."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from kernel.errors import DomainError
from staff.errors import ShopRefused
from staff.services import create_sign_in_link, open_shop

from tenants.transaction import tenant_transaction
from website.forms import SignUpForm


def home(request: HttpRequest) -> HttpResponse:
    """What Laxin is."""
    return render(request, "website/home.html")


@never_cache
@sensitive_post_parameters("password")
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open a shop and lead its owner, by a single-use link, to the console on the shop's own host."""
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            opened = open_shop(**form.cleaned_data, now=now)
        except ShopRefused as refused:
            _show_faults(form, refused)
        else:
            with tenant_transaction(opened.shop):
                secret = create_sign_in_link(user_id=opened.user_id, now=now)
            return redirect(f"{_shop_address(opened.shop.slug)}/console/enter/{secret}/")
    address = urlsplit(settings.BASE_URL)
    return render(request, "website/sign_up.html", {"form": form, "scheme": address.scheme, "domain": address.netloc})


def _show_faults(form: SignUpForm, refused: ShopRefused) -> None:
    for fault in refused.faults:
        form.add_error(_field_of(form, fault), fault.message)


def _field_of(form: SignUpForm, fault: DomainError) -> str | None:
    return fault.field[0] if fault.field and fault.field[0] in form.fields else None


def _shop_address(slug: str) -> str:
    address = urlsplit(settings.BASE_URL)
    return f"{address.scheme}://{slug}.{address.netloc}"
