"""Addresses of the public site."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("backoffice/", include("backoffice.urls")),
    path("", include("website.urls")),
    path("billing/", include("billing.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
if settings.SHOWN_MAIL_FOLDER:
    urlpatterns += [path("mails/", include("website.mail_urls"))]
handler500 = "config.faults.show_fault"
