"""Addresses of the customer's pages. `/j/<code>` is printed on paper and never changes."""

from django.urls import path

from member_portal import views

app_name = "portal"
urlpatterns = [
    path("", views.shop_front, name="shop_front"),
    path("j/<str:code>", views.join, name="join"),
    path("j/<str:code>/", views.join),
    path("wallet/", views.wallet, name="wallet"),
    path("wallet/leave", views.leave, name="leave"),
]
