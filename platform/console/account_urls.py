"""Sign-in, sign-out, passwords and second factors: allauth's views under names that allauth itself asks for."""

from allauth.account import views
from django.urls import path, re_path

from console.posts import post_only
from console.views import security

urlpatterns = [
    path("sign-in/", views.LoginView.as_view(template_name="console/account/sign_in.html"), name="account_login"),
    path("sign-out/", post_only(views.logout), name="account_logout"),
    path(
        "inactive/",
        views.AccountInactiveView.as_view(template_name="console/account/inactive.html"),
        name="account_inactive",
    ),
    path(
        "password/",
        views.PasswordResetView.as_view(template_name="console/account/forgot_password.html"),
        name="account_reset_password",
    ),
    path(
        "password/sent/",
        views.PasswordResetDoneView.as_view(template_name="console/account/link_sent.html"),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.PasswordResetFromKeyView.as_view(template_name="console/account/new_password.html"),
        name="account_reset_password_from_key",
    ),
    path(
        "password/changed/",
        views.PasswordResetFromKeyDoneView.as_view(template_name="console/account/password_changed.html"),
        name="account_reset_password_from_key_done",
    ),
    path("security/", security.overview, name="mfa_index"),
    path("security/password/", security.password_change, name="account_change_password"),
    path("security/again/", security.reauthenticate, name="account_reauthenticate"),
    path("security/again/code/", security.reauthenticate_by_code, name="mfa_reauthenticate"),
    path("security/code/", security.authenticate, name="mfa_authenticate"),
    path("security/second-factor/", security.totp_activate, name="mfa_activate_totp"),
    path("security/second-factor/remove/", security.totp_deactivate, name="mfa_deactivate_totp"),
    path("security/codes/", security.codes_view, name="mfa_view_recovery_codes"),
    path("security/codes/new/", security.codes_generate, name="mfa_generate_recovery_codes"),
]
