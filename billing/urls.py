"""Addresses of the public site that belong to billing."""

from django.urls import path

from billing import views

app_name = "billing"
urlpatterns = [path("stripe/webhook", views.webhook, name="webhook")]
