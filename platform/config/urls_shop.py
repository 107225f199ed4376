"""Addresses of every shop."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("storefront_api.urls")),
    path("console/", include("console.account_urls")),
    path("console/", include("console.urls")),
    path("", include("member_portal.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
handler500 = "config.faults.show_fault"
