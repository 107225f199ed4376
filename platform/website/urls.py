"""Addresses of the public site."""

from django.urls import path

from website.views import doors, pages, sign_up, status

app_name = "website"
urlpatterns = [
    path("", pages.home, name="home"),
    path("prices/", pages.prices, name="prices"),
    path("signup/", sign_up.sign_up, name="sign_up"),
    path("signin/", doors.sign_in, name="sign_in"),
    path("find-shop/", doors.find_shop, name="find_shop"),
    path("status/", status.status, name="status"),
    path("legal/<slug:name>/", pages.legal, name="legal"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", pages.sitemap, name="sitemap"),
]
