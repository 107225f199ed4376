"""Join links: list, make, look at, print, close."""

from datetime import datetime
from typing import Any
from uuid import UUID

from branding.selectors import get_logo
from coupons.offers import headline
from coupons.selectors import get_batch, list_batches
from coupons.types import BatchRow
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from joining.errors import LinkNotFound
from joining.poster import PosterText, render_poster_pdf, render_poster_png
from joining.qr import render_qr_png, render_qr_svg
from joining.selectors import (
    find_front_page_link,
    get_latest_joins_mark,
    get_link_by_id,
    get_link_counts,
    list_links,
    list_recent_joins,
    mark_of,
)
from joining.services import close_join_link, create_join_link, open_join_link, set_on_front_page
from joining.types import LinkCounts, LinkRow
from kernel.errors import InvalidInput

from console.access import staff_page
from console.forms.fields import add_fault
from console.forms.join_links import JoinLinkForm
from console.paging import get_page_arguments
from console.posts import post_only
from tenants.transaction import current_shop

RECENT = 20
MAX_CHOICES = 100


@require_safe
@staff_page("join_links.view")
def join_link_list(request: HttpRequest) -> HttpResponse:
    """Every link with what came by it."""
    page = list_links(now=timezone.now(), **get_page_arguments(request))
    return render(request, "console/join_links/list.html", {"page": page})


@staff_page("join_links.edit")
def join_link_create(request: HttpRequest) -> HttpResponse:
    """Make a link. Chosen beforehand is the coupon of `?batch=`, else the newest that can be claimed."""
    now = timezone.now()
    currency = current_shop().currency
    asked, batches = _find_asked_batch(request, now), list(list_batches(now=now, first=MAX_CHOICES))
    if asked and asked.state == "over":
        messages.warning(request, _("The coupon “%(name)s” is over: a link cannot give it.") % {"name": asked.name})
    elif asked and asked.id not in {batch.id for batch in batches}:
        batches.insert(0, asked)
    choices = [
        (batch.id, f"{batch.name} · {headline(batch.offer, currency)}") for batch in batches if batch.state != "over"
    ]
    newest = next((batch.id for batch in batches if batch.state == "open"), None)
    chosen = asked.id if asked and asked.state != "over" else newest
    initial = {"batch": chosen, "on_front_page": find_front_page_link(now=now) is None}
    form = JoinLinkForm(request.POST or None, batches=choices, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with transaction.atomic():
                link_id = create_join_link(
                    name=data["name"],
                    code=data["code"] or None,
                    batch_id=data["batch"],
                    channel=data["channel"],
                    opens_at=data["opens_at"],
                    closes_at=data["closes_at"],
                    now=now,
                    on_front_page=data["on_front_page"],
                )
        except InvalidInput as fault:
            add_fault(form, fault)
        else:
            if data["batch"]:  # the page says what one without a coupon lacks
                messages.success(request, _("The link is ready: print its code and hang it up."))
            return redirect("console:join_link", link_id)
    return render(request, "console/join_links/create.html", {"form": form})


@require_safe
@staff_page("join_links.view")
def join_link_detail(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """One link: its address, its pictures, and who came by it."""
    news = _get_news(link_id)
    link = news["link"]
    context = {
        **news,
        "address": _get_address(request, link.code),
        "downloads": [
            ("poster.pdf", _("Poster A4 (PDF)")),
            ("poster.png", _("Picture for the phone (PNG)")),
            ("qr.svg", _("Code alone (SVG)")),
            ("qr.png", _("Code alone (PNG)")),
        ],
    }
    return render(request, "console/join_links/detail.html", context)


@require_safe
@staff_page("join_links.view")
def join_link_news(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """Counts and latest joins, asked for again and again by the open page; empty while `?seen=` are the latest.

    Joins are counted only then: the table grows with the shop.
    """
    if request.GET.get("seen") == str(get_latest_joins_mark(link_id=link_id, limit=RECENT)):
        return HttpResponse(status=204)
    return render(request, "console/join_links/news.html", _get_news(link_id))


@post_only
@staff_page("join_links.edit")
def join_link_status(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """Close the link, or open it again; `front` puts it on the shop's front page, or takes it off."""
    opening, front = request.POST.get("open") == "yes", request.POST.get("front")
    try:
        if front:
            set_on_front_page(link_id=link_id, shown=front == "yes")
            messages.success(
                request,
                _("The link is on the shop’s front page.")
                if front == "yes"
                else _("The link is no longer on the shop’s front page."),
            )
            return redirect("console:join_link", link_id)
        (open_join_link if opening else close_join_link)(link_id=link_id)
    except LinkNotFound:
        raise Http404 from None
    messages.success(
        request,
        _("The link is open again.")
        if opening
        else _("The link is closed. Whoever opens it is told so in a friendly way."),
    )
    return redirect("console:join_link", link_id)


@require_safe
@staff_page("join_links.view")
def join_link_picture(request: HttpRequest, link_id: UUID, kind: str) -> HttpResponse:
    """The code as `qr.svg` or `qr.png`, the poster as `poster.pdf` (A4) or `poster.png` (phone); `?save` downloads."""
    now = timezone.now()
    link = get_link_by_id(link_id=link_id, now=now)
    if link is None:
        raise Http404
    address = _get_address(request, link.code)
    if kind == "qr.svg":
        body, content_type = render_qr_svg(address), "image/svg+xml"
    elif kind == "qr.png":
        body, content_type = render_qr_png(address), "image/png"
    elif kind == "poster.pdf":
        body, content_type = render_poster_pdf(_get_poster_text(link, address, now)), "application/pdf"
    else:
        body, content_type = render_poster_png(_get_poster_text(link, address, now)), "image/png"
    response = HttpResponse(body, content_type=content_type)
    if "save" in request.GET:
        response["Content-Disposition"] = f'attachment; filename="{link.code}-{kind}"'
    return response


def _find_asked_batch(request: HttpRequest, now: datetime) -> BatchRow | None:
    try:
        return get_batch(batch_id=UUID(request.GET.get("batch", "")), now=now)
    except ValueError:
        return None


def _get_link(link_id: UUID) -> LinkCounts:
    link = get_link_counts(link_id=link_id, now=timezone.now())
    if link is None:
        raise Http404
    return link


def _get_news(link_id: UUID) -> dict[str, Any]:
    """The joins are read before they are counted: what comes between is news to who has seen these."""
    joins = list_recent_joins(link_id=link_id, limit=RECENT)
    return {"joins": joins, "mark": mark_of(joins), "link": _get_link(link_id)}


def _get_address(request: HttpRequest, code: str) -> str:
    return request.build_absolute_uri(f"/j/{code}")


def _get_poster_text(link: LinkRow, address: str, now: datetime) -> PosterText:
    shop = current_shop()
    batch = get_batch(batch_id=link.batch_id, now=now) if link.batch_id else None
    return PosterText(
        shop_name=shop.name,
        headline=headline(batch.offer, shop.currency) if batch else _("our best offers"),
        detail=batch.name if batch else "",
        url=address,
        logo=get_logo(),
    )
