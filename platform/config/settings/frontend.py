"""Templates, static files, languages and the content security policy.

Belongs to these settings: the middleware of WhiteNoise, django-csp, django-htmx and `LocaleMiddleware`, and the apps
`csp`, `django_htmx` and `django.contrib.staticfiles`.
"""

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from config import env
from config.settings.billing import STRIPE_PAGES

_CONFIG = Path(__file__).resolve().parents[1]
_ROOT = _CONFIG.parents[1]
_BASE_URL = urlsplit(env.current().base_url)

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_CONFIG / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "config.templatetags.laxin",
            ],
        },
    },
]

STATIC_URL = "/static/"
STATIC_ROOT = env.current().home / "static"
STATICFILES_DIRS = [_CONFIG / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_files.StaticStorage"},
}
# What `collectstatic` did not collect (in tests nothing is) is served from its source.
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
# A checkout keeps the catalogue at its root; in the wheel it lies beside the templates (hatch_build.py).
LOCALE_PATHS = [path for path in (_ROOT / "locale", _CONFIG / "locale") if path.is_dir()]
USE_I18N = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # Chromium applies this to redirects too: sign-up on the public site ends on the shop's host.
        # And subscribing on a pay page of Stripe's.
        "form-action": [SELF, f"{_BASE_URL.scheme}://*.{_BASE_URL.netloc}", *STRIPE_PAGES],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
