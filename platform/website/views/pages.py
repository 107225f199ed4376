"""Pages to read: home, prices, legal, and what search engines ask for."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from website.demo import find_demo
from website.language import public_page
from website.page import address_in, render_page, tag_of
from website.prices import INTERVALS, list_offers, list_rows

LEGAL = ("terms", "privacy", "dpa")


@require_safe
@public_page
def home(request: HttpRequest) -> HttpResponse:
    """What Laxin is."""
    return render_page(
        request,
        "website/home.html",
        title=_("Laxin: scan, join, coupon"),
        description=_(
            "Laxin turns the people who walk past your counter into members with a coupon in their hand, "
            "and keeps your promotions, your stock and your till in agreement."
        ),
        demo=find_demo(),
        offers=list_offers(language=get_language() or settings.LANGUAGE_CODE, interval="month"),
    )


@require_safe
@public_page
def prices(request: HttpRequest) -> HttpResponse:
    """What it costs, a month or a year at a time."""
    asked = request.GET.get("interval", "")
    interval = asked if asked in INTERVALS else "month"
    offers = list_offers(language=get_language() or settings.LANGUAGE_CODE, interval=interval)
    return render_page(
        request,
        "website/prices.html",
        title=f"{_('Prices')} · Laxin",
        description=_("Try everything for 14 days without a card. Then from %(price)s a month; leave at any time.")
        % {"price": offers[0].monthly},
        interval=interval,
        offers=offers,
        rows=list_rows(),
    )


@require_safe
@public_page
def legal(request: HttpRequest, name: str) -> HttpResponse:
    """One of the legal texts; each language has a file of its own."""
    if name not in LEGAL:
        raise Http404
    titles = {"terms": _("Terms of service"), "privacy": _("Privacy"), "dpa": _("Data processing")}
    language = get_language() or settings.LANGUAGE_CODE
    return render_page(
        request,
        "website/legal.html",
        title=f"{titles[name]} · Laxin",
        description=_("A template: have it reviewed before you rely on it."),
        heading=titles[name],
        text_file=f"website/legal/{name}.{language}.html",
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read: all pages, none of the forms' answers."""
    lines = ["User-agent: *", "Disallow: /i18n/", f"Sitemap: {settings.BASE_URL}{reverse('website:sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every page in every language."""
    paths = [reverse(f"website:{name}") for name in ("home", "prices", "sign_up", "sign_in", "status")]
    paths += [reverse("website:legal", args=[name]) for name in LEGAL]
    codes = [code for code, _name in settings.LANGUAGES]
    pages = [
        (address_in(path, code), [(tag_of(other), address_in(path, other)) for other in codes])
        for path in paths
        for code in codes
    ]
    return render(request, "website/sitemap.xml", {"pages": pages}, content_type="application/xml")
