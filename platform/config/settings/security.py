"""Hosts, cookies, headers and sign-in. The content security policy is in `frontend`."""

from typing import Any

from django.urls import reverse_lazy

from config.settings.base import ENV

# `tenants.middleware.HostMiddleware` refuses hosts that are neither ours nor a shop's proven domain.
ALLOWED_HOSTS = ["*"]

# Cookies belong to one host (no *_COOKIE_DOMAIN): one shop's never reach another shop or the public site.
SESSION_ENGINE = "config.sessions"
SESSION_COOKIE_NAME = "laxin_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENV.https
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_NAME = "laxin_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = ENV.https
LANGUAGE_COOKIE_SECURE = ENV.https
LANGUAGE_COOKIE_SAMESITE = "Lax"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if ENV.https:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # Of our own host; `tenants.middleware.HostMiddleware` takes the last two away from domains of merchants.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
if ENV.proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if ENV.mode == "test":
    # The strength of the hash is Django's; tests that sign in should not wait for it.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/console/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
# Attempts are counted by the address that the outermost proxy of ours saw.
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.proxies
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {
    # Wrong passwords and codes. Keys: the asker's network with the address that is typed, so that who guesses keeps
    # nobody else out; the account of a code, which takes the password first.
    "login_failed": "10/m/ip,5/300s/key",
    "login_failed_anywhere": "100/h/key",  # the address alone: at most so many guesses at one account
    "reset_password": "20/m/ip",
    "new_password_mail": "3/h/key,5/d/key",  # the address of the account; further ones are silently not sent
    "signup": "60/m/ip",  # whatever is posted; what opens a shop is counted below
    "shop_door": "30/m/ip",
    "find_shop": "5/m/ip,20/h/ip",
    "find_shop_mistaken": "60/m/ip",
    "find_shop_of_address": "3/h/key",
    # Keys: the owner's address; the address that is written to, by one shop and by all; the shop that writes.
    "open_shop": "20/d/ip,5/d/key",
    "mail_of_shop_to_stranger": "2/d/key",
    "mail_to_stranger": "5/d/key",
    "mail_of_shop": "50/d/key",
    # Pages of a shop that ask the payment provider.
    "billing": "30/m/key",
    # Joins of customers at one shop: by its pages, and by its storefronts with a public key. Whole neighbourhoods share
    # the address of a phone company, and everybody in the shop that of its Wi-Fi.
    "join": "60/m/ip,600/h/ip",
}
ACCOUNT_ADAPTER = "staff.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "console.forms.account.SignInForm",
    "reset_password": "console.forms.account.ForgotPasswordForm",
    "reset_password_from_key": "console.forms.account.NewPasswordForm",
    "change_password": "console.forms.account.ChangePasswordForm",
    "reauthenticate": "console.forms.account.ConfirmPasswordForm",
}
ACCOUNT_SESSION_REMEMBER = True
# Whoever types an address that has no account here gets no mail: the form would send mail to strangers.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# For so many seconds after the password or a code was given, what is sensitive does not ask for it again.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300

# Second factors: codes of an app on the phone, and recovery codes.
MFA_ADAPTER = "staff.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # clocks of phones are up to half a minute off
# Accounts come by sign-up or by a link to their address. allauth notes an address as unproven once anybody asks for a
# new password for it, and would keep its owner from a second factor, for whom a role may demand one.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "console.forms.account.CodeForm",
    "reauthenticate": "console.forms.account.CodeAgainForm",
    "activate_totp": "console.forms.account.FirstCodeForm",
}
