"""What every installation has in common: time, addresses and the order of the middleware."""

from datetime import timedelta

from config.env import current

ENV = current()

# Never on: `laxin up` serves people, pages never show internals, and tracebacks are in the log.
DEBUG = False
SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = list(ENV.secret_key_fallbacks)
BASE_URL = ENV.base_url
BASE_HOST = ENV.base_host
# Where `laxin demo load` leaves the demo shop's sign-in; the public site shows it, but never in production.
DEMO_FILE = ENV.home / "demo.json" if ENV.mode == "development" else None
DEMO_SHOP = ENV.demo_shop  # the slug of a shop that is shown instead, without a sign-in; "" for none

ROOT_URLCONF = "config.urls_public"
SHOP_URLCONF = "config.urls_shop"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

QUOTE_LIFETIME = timedelta(minutes=15)  # how long a cart keeps the price that it was shown

# Of a request. The largest that is taken brings a logo of 4 MB; whose picture is larger is told so by the form.
MOST_BODY_BYTES = 16_000_000

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_COOKIE_NAME = "laxin_language"

MIDDLEWARE = [
    "config.health.HealthMiddleware",  # first: probes address the machine, not a host of ours
    "tenants.middleware.HostMiddleware",  # what follows may believe the Host header
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.body_limit.BodyLimitMiddleware",  # nothing above reads a body
    "tenants.middleware.ShopMiddleware",  # what follows runs inside the shop's transaction
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
