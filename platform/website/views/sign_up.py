"""Sign-up: open a shop and lead its owner into it."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from messaging.services import queue_template
from staff.email_proof import make_email_proof
from staff.errors import ShopRefused
from staff.selectors import find_just_opened_shop
from staff.services import check_new_shop, create_sign_in_link
from staff.throttles import counting_new_shop

from billing.plans import INTERVALS, PLANS
from billing.services import open_shop_on_trial
from billing.standing import TRIAL_LENGTH
from tenants.addresses import get_page_address, get_shop_address
from tenants.provisioning import REGIONS
from tenants.transaction import tenant_transaction
from website.forms import SignUpForm
from website.language import public_page
from website.page import render_page
from website.prices import read_price
from website.throttle import is_too_often

ASKED_OF_STAFF = ("slug", "name", "email", "password", "language")
CHECKOUT = "/console/billing/checkout/"


@never_cache
@sensitive_post_parameters("password")
@public_page
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open a shop and lead its owner, by a single-use link, to the console on the shop's own host."""
    form = SignUpForm(request.POST if request.method == "POST" else None, initial=_chosen(request))
    is_refused = request.method == "POST" and is_too_often(request, form, action="signup")
    if request.method == "POST" and not is_refused:
        entrance = _open_shop(request, form)
        if entrance:
            return redirect(entrance)
    address = urlsplit(settings.BASE_URL)
    return render_page(
        request,
        "website/sign_up.html",
        title=f"{_('Open your shop')} · Laxin",
        description=_("Open a shop in a few seconds. Try everything for 14 days, without a card."),
        form=form,
        scheme=address.scheme,
        domain=address.netloc,
        choice=_describe(form),
        status=429 if is_refused else 200,
    )


def _chosen(request: HttpRequest) -> dict[str, str]:
    """Plan and interval from the page of prices, where both are sold."""
    asked = {name: request.GET.get(name, "") for name in ("plan", "interval")}
    return asked if asked["plan"] in PLANS and asked["interval"] in INTERVALS else {}


def _describe(form: SignUpForm) -> dict[str, str] | None:
    """The plan that was chosen, as it is read, with its price for each language: the shop's decides the currency."""
    plan, interval = form["plan"].value(), form["interval"].value()
    if plan not in PLANS or interval not in INTERVALS:
        return None
    prices = []
    for code, language in settings.LANGUAGES:
        currency = REGIONS[code].currency
        price = read_price(PLANS[plan].get_price(interval, currency.lower()), currency)
        prices.append(f"{price} ({language})")
    return {"name": str(PLANS[plan].name), "interval": interval, "prices": " / ".join(prices)}


def _open_shop(request: HttpRequest, form: SignUpForm) -> str | None:
    """The address that the owner enters by, or None with every fault shown in the form."""
    now, browser = timezone.now(), _get_browser(request)
    typed = {name: form.data.get(name, "") for name in ASKED_OF_STAFF}
    try:
        if not form.is_valid():
            check_new_shop(**typed)  # what the form cannot know is told in the same answer
            return None
        given = {name: form.cleaned_data[name] for name in (*ASKED_OF_STAFF, "industry")}
        with counting_new_shop(request, email=given["email"]):
            opened = open_shop_on_trial(**given, browser=browser, now=now)
        shop, user_id = opened.shop, opened.user_id
    except ShopRefused as refused:
        same = find_just_opened_shop(
            slug=typed["slug"], email=typed["email"], password=typed["password"], browser=browser, now=now
        )
        if same is None:
            _show_faults(form, refused)
            return None
        shop, user_id = same  # the button was pressed twice
    with tenant_transaction(shop):
        secret = create_sign_in_link(user_id=user_id, now=now)
        email = form.data["email"].strip().lower()
        proof = make_email_proof(user_id=user_id, email=email)
        queue_template(
            template="welcome",
            to=[email],
            language=shop.language,
            context={
                "shop_name": shop.name,
                "console_url": f"{get_shop_address(shop.slug)}/console/",
                "link": get_page_address(f"/console/security/address/{proof}/"),
                "days": TRIAL_LENGTH.days,
            },
            key="welcome",
            now=now,
        )
    return f"{get_shop_address(shop.slug)}/console/enter/{secret}/{_query(form)}"


def _get_browser(request: HttpRequest) -> str:
    """What only this browser and we know: it must send it with every form anyway."""
    get_token(request)  # there is one from now on
    return str(request.META["CSRF_COOKIE"])


def _query(form: SignUpForm) -> str:
    """Who chose a plan goes on to pay for it; the others to the console's first page."""
    plan, interval = form.data.get("plan", ""), form.data.get("interval", "")
    if plan not in PLANS or interval not in INTERVALS:
        return ""
    return "?" + urlencode({"next": f"{CHECKOUT}?{urlencode({'plan': plan, 'interval': interval})}"})


def _show_faults(form: SignUpForm, refused: ShopRefused) -> None:
    for fault in refused.faults:
        name = fault.field[0] if fault.field and fault.field[0] in form.fields else None
        if name is None or name not in form.errors:
            form.add_error(name, fault.message)
