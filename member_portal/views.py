"""The customer's pages: parse, one domain call, render."""

from datetime import datetime

from coupons.offers import headline
from coupons.selectors import get_batch_offer, get_coupon_of_batch, list_member_coupons
from coupons.types import CouponRow
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from joining.errors import JoinsTooOften, LinkClosed, LinkNotFound, ShopFull
from joining.qr import render_qr_data_uri
from joining.selectors import find_front_page_link, get_link
from joining.services import join_member
from joining.throttle import check_may_join
from joining.types import JoinResult, LinkRow
from kernel.errors import DomainError, InvalidInput
from members.errors import InvalidPhone
from members.phones import MAX_TYPED
from members.selectors import get_member, get_token
from members.services import revoke_token
from members.types import TokenRow

from member_portal.pages import forget_secret, keep_secret, portal_page, read_secret, read_token
from tenants.models import Shop
from tenants.transaction import current_shop

# The wording of `consent` in join.html; a change of it gets a new version.
CONSENT_VERSION = "2026-11"
WALLET_PAGE = 20


@require_safe
@portal_page
def shop_front(request: HttpRequest) -> HttpResponse:
    """The root of a shop's host, where people look who typed its name: the ways to join and to the wallet."""
    is_open = current_shop().access == Shop.Access.OPEN
    link = find_front_page_link(now=timezone.now()) if is_open else None
    return render(request, "member_portal/shop_front.html", {"link": link})


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Where a scanned code leads: a form of one field and one button; whoever has joined sees the coupon at once.

    The answer to the form is the coupon itself, not a redirect to it: one round trip less on a slow network, and it
    shows where cookies are refused. Sent again, it answers the same. A script then makes the answer an ordinary page
    of the browser's history; a browser without scripts says so (`plain`) and is sent there by a redirect, because on
    the way back it would ask to send the form again.
    """
    now = timezone.now()
    if request.method == "POST":
        return _join(request, code, now=now)
    link = get_link(code=code, now=now)
    if link is None:
        return _notice(request, "unknown")
    token = None if "other" in request.GET else read_token(request, now=now)
    coupon = _coupon_of(link, token, now=now)
    if coupon is not None:
        return _coupon_page(request, coupon)
    if current_shop().access != Shop.Access.OPEN:
        return _notice(request, "shop_closed")
    if not link.is_open:
        return _notice(request, "not_yet" if link.state == "not_yet" else "over", link=link)
    return _form(request, link, token, now=now)


@require_safe
@portal_page
def wallet(request: HttpRequest) -> HttpResponse:
    """The coupons that this browser's token may see, the newest first."""
    now = timezone.now()
    token = read_token(request, now=now)
    if token is None:
        return render(request, "member_portal/wallet.html", {"tickets": []})
    try:
        page = list_member_coupons(
            member_id=token.member_id,
            token_id=token.id,
            token_is_verified=token.is_verified,
            now=now,
            first=WALLET_PAGE,
            after=request.GET.get("after"),
        )
    except InvalidInput:
        return redirect("portal:wallet")
    member = get_member(member_id=token.member_id)
    context = {"tickets": [_ticket(row) for row in page], "page": page, "member": member}
    return render(request, "member_portal/wallet.html", context)


@require_POST
@portal_page
def leave(request: HttpRequest) -> HttpResponse:
    """Forget the member on this phone: the token is worthless from now on."""
    now = timezone.now()
    secret = read_secret(request)
    token = get_token(secret=secret, now=now) if secret else None
    if token is not None:
        revoke_token(token_id=token.id, now=now)
    response = redirect("portal:wallet")
    forget_secret(response)
    return response


def _join(request: HttpRequest, code: str, *, now: datetime) -> HttpResponse:
    shop = current_shop()
    phone = request.POST.get("phone")
    secret = read_secret(request)
    try:
        check_may_join(request)
        with transaction.atomic():
            result = join_member(
                code=code,
                phone=phone,
                region=shop.phone_region,
                token_secret=secret,
                consent_version=CONSENT_VERSION,
                now=now,
            )
    except InvalidPhone as error:
        link = get_link(code=code, now=now)
        assert link is not None
        return _form(request, link, None, now=now, typed=(phone or "")[:MAX_TYPED], error=error)
    except JoinsTooOften as error:
        return _refuse_for_now(request, code, error, now=now)
    except LinkNotFound:
        return _notice(request, "unknown")
    except LinkClosed:
        link = get_link(code=code, now=now)
        return _notice(request, "not_yet" if link and link.state == "not_yet" else "over", link=link)
    except DomainError as error:
        return _notice(request, "full" if isinstance(error, ShopFull) else "shop_closed")
    if "plain" in request.POST and result.coupon is not None:
        response: HttpResponse = HttpResponseRedirect(request.path, status=303)
    else:
        response = _result(request, result, now=now)
    if result.token_secret != secret:
        keep_secret(response, result.token_secret)
    return response


def _refuse_for_now(request: HttpRequest, code: str, error: JoinsTooOften, *, now: datetime) -> HttpResponse:
    """The form as it was sent, with when to send it again."""
    link = get_link(code=code, now=now)
    if link is None:
        return _notice(request, "unknown")
    typed = request.POST.get("phone")
    token = read_token(request, now=now) if typed is None else None
    response = _form(request, link, token, now=now, typed=(typed or "")[:MAX_TYPED], error=error)
    response["Retry-After"] = str(error.retry_after)
    return response


def _result(request: HttpRequest, result: JoinResult, *, now: datetime) -> HttpResponse:
    token = TokenRow(id=result.token_id, member_id=result.member_id, is_verified=False)
    coupon = _coupon_of(result.link, token, now=now)
    if coupon is None:
        context = {"reason": result.coupon_missing_reason, "is_answer": True}
        return render(request, "member_portal/joined.html", context)
    return _coupon_page(request, coupon, is_answer=True)


def _coupon_of(link: LinkRow, token: TokenRow | None, *, now: datetime) -> CouponRow | None:
    if token is None or link.batch_id is None:
        return None
    return get_coupon_of_batch(
        batch_id=link.batch_id,
        member_id=token.member_id,
        token_id=token.id,
        token_is_verified=token.is_verified,
        now=now,
    )


def _coupon_page(request: HttpRequest, coupon: CouponRow, *, is_answer: bool = False) -> HttpResponse:
    return render(request, "member_portal/coupon.html", {"ticket": _ticket(coupon), "is_answer": is_answer})


def _form(
    request: HttpRequest,
    link: LinkRow,
    token: TokenRow | None,
    *,
    now: datetime,
    typed: str = "",
    error: InvalidPhone | JoinsTooOften | None = None,
) -> HttpResponse:
    """The form; for a known member the button alone."""
    batch = get_batch_offer(batch_id=link.batch_id, now=now) if link.batch_id else None
    member = get_member(member_id=token.member_id) if token else None
    context = {
        "link": link,
        "batch": batch,
        "headline": headline(batch.offer, current_shop().currency) if batch else "",
        "is_left": batch is not None and batch.state == "open",
        "member": member,
        "typed": typed,
        "error": error,
        "is_wrong": isinstance(error, InvalidPhone),
        "is_answer": error is not None,
    }
    status = 200 if error is None else 422 if isinstance(error, InvalidPhone) else 429
    return render(request, "member_portal/join.html", context, status=status)


def _ticket(coupon: CouponRow) -> dict[str, object]:
    """What the picture of a coupon says. Only one that can be used has a QR code."""
    code = coupon.code
    return {
        "coupon": coupon,
        "headline": headline(coupon.offer, current_shop().currency),
        "spaced_code": " ".join(code[at : at + 4] for at in range(0, len(code), 4)),
        "qr": render_qr_data_uri(code) if coupon.status == "issued" else None,
    }


_STATUS_OF_NOTICE = {"unknown": 404, "over": 410, "not_yet": 403, "shop_closed": 403, "full": 403}


def _notice(request: HttpRequest, kind: str, *, link: LinkRow | None = None) -> HttpResponse:
    """A page that says why it goes no further, and what to do."""
    context = {"kind": kind, "link": link}
    return render(request, "member_portal/notice.html", context, status=_STATUS_OF_NOTICE[kind])
