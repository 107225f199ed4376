"""Which apps have tables in the public schema, which in every shop's. An app may be in both."""

SHARED_APPS = [
    "tenants",
    "billing",
    "backoffice",
    "unfold",
    "django.contrib.admin",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django_celery_beat",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "staff",
]

TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "kernel",
    "staff",
    "messaging",
    "branding",
    "archives",
    "catalog",
    "stock",
    "members",
    "promotions",
    "coupons",
    "checkout",
    "joining",
    "onboarding",
]

# Of these apps only the named models are public too; the others are the shops' alone.
SHARED_MODELS = {"staff": ["user"]}

# Without tables.
OTHER_APPS = [
    "django.contrib.postgres",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "website",
    "console",
    "bench",
    "demo",
    "storefront_api",
    "member_portal",
]

# `tenants` is first: its commands replace Django's of the same name.
INSTALLED_APPS = list(dict.fromkeys([*SHARED_APPS, *TENANT_APPS, *OTHER_APPS]))
