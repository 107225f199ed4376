"""The site: who may enter, and what its pages may run."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from staff.models import User
from unfold.sites import UnfoldAdminSite

from backoffice.overview import describe_installation

FACTOR_HOLDS = timedelta(hours=12)  # a working day; the session itself lasts longer

type AdminView = Callable[..., HttpResponseBase]


class BackOffice(UnfoldAdminSite):  # type: ignore[misc]
    """Signed-in operators (`User.is_staff` in public) who used their second factor in this session."""

    index_title = _("Overview")
    index_template = "backoffice/overview.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether whoever asks may enter."""
        user = request.user
        return user.is_active and getattr(user, "is_staff", False) and used_second_factor(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the next of: signing in, setting a second factor up, using it. Others than operators are refused."""
        user, here = request.user, request.GET.get("next") or reverse("admin:index")
        if not isinstance(user, User):
            return redirect_to_login(here, reverse("account_login"))
        if not user.is_staff:
            raise PermissionDenied
        if not is_mfa_enabled(user, [Authenticator.Type.TOTP]):
            return redirect("mfa_activate_totp")
        if not used_second_factor(request):
            return redirect_to_login(here, reverse("mfa_reauthenticate"))
        return redirect("admin:index")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The overview instead of a list of tables."""
        response: HttpResponse = super().index(request, {"facts": describe_installation(), **(extra_context or {})})
        return response

    def admin_view(self, view: AdminView, cacheable: bool = False) -> AdminView:
        """Let unfold's scripts run, here alone: its Alpine compiles expressions, its charts and menus set styles."""
        loosened: AdminView = csp_replace({"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]})(
            super().admin_view(view, cacheable)
        )
        return loosened


def used_second_factor(request: HttpRequest) -> bool:
    """Tell whether this session was proven by a code today, not only by a password, and the factor is still there."""
    user = request.user
    if not isinstance(user, User):
        return False
    since = time.time() - FACTOR_HOLDS.total_seconds()
    proven = any(
        record.get("method") == "mfa" and record.get("at", 0) > since
        for record in get_authentication_records(request, user)
    )
    return proven and is_mfa_enabled(user, [Authenticator.Type.TOTP])


site = BackOffice(name="admin")
