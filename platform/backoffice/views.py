"""allauth's sign-in where it has to know that this is the back office, and its entries in the operators' log."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm, DeactivateTOTPForm
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from staff.models import User
from staff.requests import get_ip

from backoffice.site import used_second_factor


class SignInView(LoginView):  # type: ignore[misc]
    """Leads to the overview, where the settings of the shops' consoles would lead to a console."""

    template_name = "backoffice/account/form.html"
    extra_context = {"page": "sign_in"}

    def get_default_success_url(self) -> str:
        """Where to go without `next`."""
        return reverse("admin:index")

    get_authenticated_redirect_url = get_default_success_url

    def form_valid(self, form: Form) -> HttpResponse:
        """In, or on to the code."""
        response: HttpResponse = super().form_valid(form)
        _record(self.request, self.request.user, "sign_in")
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        """A wrong password, where it is an operator's; attempts beyond the limit were none."""
        if form.has_error(NON_FIELD_ERRORS, "email_password_mismatch"):
            _record(
                self.request, User.objects.filter(email=form.cleaned_data["login"].lower()).first(), "sign_in_failed"
            )
        response: HttpResponse = super().form_invalid(form)
        return response


class CodeView(AuthenticateView):  # type: ignore[misc]
    """The second step of the sign-in."""

    template_name = "backoffice/account/form.html"
    extra_context = {"page": "code"}

    def form_valid(self, form: Form) -> HttpResponse:
        """In."""
        response: HttpResponse = super().form_valid(form)
        _record(self.request, self.request.user, "sign_in")
        return response


class CodeAgainView(ReauthenticateView):  # type: ignore[misc]
    """A code in a session whose last one is too old, or that never gave one."""

    template_name = "backoffice/account/form.html"
    extra_context = {"page": "code"}

    def form_valid(self, form: Form) -> HttpResponse:
        """In for another day."""
        response: HttpResponse = super().form_valid(form)
        _record(self.request, self.request.user, "code")
        return response


class SetUpView(ActivateTOTPView):  # type: ignore[misc]
    """Whoever sets a second factor up has just given a code of it: this session is asked for no other."""

    template_name = "backoffice/account/second_factor.html"

    def form_valid(self, form: ActivateTOTPForm) -> HttpResponse:
        """The codes to keep, in a session that counts as proven."""
        response: HttpResponse = super().form_valid(form)
        record_authentication(self.request, self.request.user, method="mfa", type=Authenticator.Type.TOTP)
        _record(self.request, self.request.user, "set_up_factor")
        return response


class RemoveView(DeactivateTOTPView):  # type: ignore[misc]
    """Only for a session that gave a code today: the password alone would put another factor in its place."""

    template_name = "backoffice/account/form.html"
    extra_context = {"page": "remove"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lead to the code first."""
        user = request.user
        has_factor = isinstance(user, User) and is_mfa_enabled(user, [Authenticator.Type.TOTP])
        if has_factor and not used_second_factor(request):
            return redirect_to_login(request.path, reverse("mfa_reauthenticate"))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: DeactivateTOTPForm) -> HttpResponse:
        """Without one nobody enters."""
        response: HttpResponse = super().form_valid(form)
        _record(self.request, self.request.user, "remove_factor")
        return response


def _record(request: HttpRequest, user: object, act: str) -> None:
    """Keep in the log what somebody did to their own access, and from where; nothing of who is nobody (yet)."""
    if isinstance(user, User):
        message = f"{act}: {get_ip(request) or '-'}"
        LogEntry.objects.log_actions(user.pk, [user], CHANGE, change_message=message, single_object=True)
