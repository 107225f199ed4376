"""allauth's sign-in where it has to know that this is the back office."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.views import ActivateTOTPView
from django.http import HttpResponse
from django.urls import reverse


class SignInView(LoginView):  # type: ignore[misc]
    """Leads to the overview, where the settings of the shops' consoles would lead to a console."""

    template_name = "backoffice/account/form.html"
    extra_context = {"page": "sign_in"}

    def get_default_success_url(self) -> str:
        """Where to go without `next`."""
        return reverse("admin:index")

    get_authenticated_redirect_url = get_default_success_url


class SetUpView(ActivateTOTPView):  # type: ignore[misc]
    """Whoever sets a second factor up has just given a code of it: this session is asked for no other."""

    template_name = "backoffice/account/second_factor.html"

    def form_valid(self, form: ActivateTOTPForm) -> HttpResponse:
        """The codes to keep, in a session that counts as proven."""
        response: HttpResponse = super().form_valid(form)
        record_authentication(self.request, self.request.user, method="mfa", type=Authenticator.Type.TOTP)
        return response
