"""Sign-in, sign-out and forgotten passwords: allauth's views under names that allauth itself asks for."""

from allauth.account import views
from django.urls import path, re_path
from django.views.decorators.http import require_POST

urlpatterns = [
    path("sign-in/", views.LoginView.as_view(template_name="console/account/sign_in.html"), name="account_login"),
    path("sign-out/", require_POST(views.logout), name="account_logout"),
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
]
