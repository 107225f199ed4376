"""The public site of an installation that shows its mails."""

from config.urls_public import urlpatterns as public_site
from django.urls import include, path

urlpatterns = [path("mails/", include("website.mail_urls")), *public_site]
