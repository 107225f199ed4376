"""Addresses below /backoffice/ on the public site: the operators' sign-in, then the pages of the admin."""

from allauth.account import views as account
from allauth.mfa.recovery_codes import views as recovery
from django.urls import path
from django.views.decorators.http import require_POST
from django.views.generic import RedirectView

from backoffice.site import site
from backoffice.views import CodeAgainView, CodeView, RemoveView, SetUpView, SignInView

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="account_login"),
    path("sign-out/", require_POST(account.logout), name="account_logout"),
    path(
        "password-again/",
        account.ReauthenticateView.as_view(
            template_name="backoffice/account/form.html", extra_context={"page": "password"}
        ),
        name="account_reauthenticate",
    ),
    path("code/", CodeView.as_view(), name="mfa_authenticate"),
    path("code-again/", CodeAgainView.as_view(), name="mfa_reauthenticate"),
    path("second-factor/", SetUpView.as_view(), name="mfa_activate_totp"),
    path(
        "recovery-codes/",
        recovery.ViewRecoveryCodesView.as_view(template_name="backoffice/account/recovery_codes.html"),
        name="mfa_view_recovery_codes",
    ),
    path("second-factor/remove/", RemoveView.as_view(), name="mfa_deactivate_totp"),
    path("second-factor/removed/", RedirectView.as_view(pattern_name="admin:index"), name="mfa_index"),
    path(
        "closed/",
        account.AccountInactiveView.as_view(template_name="backoffice/account/closed.html"),
        name="account_inactive",
    ),
    path("", site.urls),
]
