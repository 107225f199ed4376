"""The way in from the public site: a link that works once, for a minute."""

from datetime import timedelta
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from staff.audit import OPERATOR, record_event
from staff.errors import LinkUnusable
from staff.models import User
from staff.requests import get_actor
from staff.services import find_operator_of_link, use_sign_in_link

SUPPORT_STAYS = timedelta(minutes=30)  # from entering a shop, whatever is done there


@require_GET
@never_cache
def enter(request: HttpRequest, secret: str) -> HttpResponse:
    """Open a session on this host and show the console; a used or old link leads to the sign-in page.

    `next` names a page of this console to go on to.
    """
    target = _get_target(request)
    try:
        with transaction.atomic():
            user_id = use_sign_in_link(secret=secret, now=timezone.now())
    except LinkUnusable as error:
        if not request.user.is_authenticated:
            messages.error(request, error.message)
        return redirect(target)
    user = User.objects.get(pk=user_id)
    if support := find_operator_of_link(secret=secret):
        _let_support_in(request, user.pk, *support)
        response: HttpResponse = redirect("console:home")
    else:
        record_authentication(request, user, method="link")
        response = perform_login(request, user, redirect_url=target)  # asks for a second factor
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def _let_support_in(request: HttpRequest, user_id: UUID, operator: str, reason: str) -> None:
    """The session says whose it really is, ends soon, stands in the shop's audit log, and is no sign-in of theirs."""
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    last_login = user.last_login
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    User.objects.filter(pk=user_id).update(last_login=last_login)  # Django has just noted one
    request.session[OPERATOR] = {"name": operator, "reason": reason}
    request.session.set_expiry(timezone.now() + SUPPORT_STAYS)  # a number of seconds would begin anew with each change
    record_event(
        event="impersonation", actor=get_actor(request), label=user.email, details={"reason": reason, "as": user.email}
    )


def _get_target(request: HttpRequest) -> str:
    """Where `next` leads to, if that is the console of this host; else the console's first page."""
    home = reverse("console:home")
    asked = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None, require_https=request.is_secure())
    return asked if is_ours and asked.startswith(home) else home
