"""Pages of the public site."""

from urllib.parse import urlsplit

from allauth.decorators import rate_limit
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from staff.errors import ShopRefused
from staff.selectors import find_just_opened_shop
from staff.services import check_new_shop, create_sign_in_link, open_shop

from tenants.transaction import tenant_transaction
from website.forms import SignUpForm


def home(request: HttpRequest) -> HttpResponse:
    """What Laxin is."""
    return render(request, "website/home.html")


@never_cache
@rate_limit(action="signup")  # type: ignore[untyped-decorator]
@sensitive_post_parameters("password")
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open a shop and lead its owner, by a single-use link, to the console on the shop's own host."""
    form = SignUpForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        entrance = _open_shop(form)
        if entrance:
            return redirect(entrance)
    address = urlsplit(settings.BASE_URL)
    return render(request, "website/sign_up.html", {"form": form, "scheme": address.scheme, "domain": address.netloc})


def _open_shop(form: SignUpForm) -> str | None:
    """The address that the owner enters by, or None with every fault shown in the form."""
    now = timezone.now()
    typed = {name: form.data.get(name, "") for name in form.fields}
    try:
        if not form.is_valid():
            check_new_shop(**typed)  # what the form cannot know is told in the same answer
            return None
        opened = open_shop(**form.cleaned_data, now=now)
        shop, user_id = opened.shop, opened.user_id
    except ShopRefused as refused:
        same = find_just_opened_shop(slug=typed["slug"], email=typed["email"], password=typed["password"], now=now)
        if same is None:
            _show_faults(form, refused)
            return None
        shop, user_id = same  # the button was pressed twice
    with tenant_transaction(shop):
        secret = create_sign_in_link(user_id=user_id, now=now)
    return f"{_shop_address(shop.slug)}/console/enter/{secret}/"


def _show_faults(form: SignUpForm, refused: ShopRefused) -> None:
    for fault in refused.faults:
        name = fault.field[0] if fault.field and fault.field[0] in form.fields else None
        if name is None or name not in form.errors:
            form.add_error(name, fault.message)


def _shop_address(slug: str) -> str:
    address = urlsplit(settings.BASE_URL)
    return f"{address.scheme}://{slug}.{address.netloc}"
