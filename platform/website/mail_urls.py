"""Addresses of the written mails, served where `settings.SHOWN_MAIL_FOLDER` says."""

from django.urls import path

from website.views import mails

app_name = "mails"
urlpatterns = [
    path("", mails.mail_list, name="list"),
    path("<slug:name>/<int:number>/", mails.mail, name="mail"),
    path("<slug:name>/<int:number>/html/", mails.mail_page, name="page"),
]
