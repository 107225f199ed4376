"""Addresses of the console, below /console/ on a shop's host."""

from django.urls import path, re_path
from django.urls.converters import UUIDConverter

from console.views import billing, coupons, domains, home, join_links, keys, orders, products, session

app_name = "console"
urlpatterns = [
    path("", home.home, name="home"),
    path("enter/<str:secret>/", session.enter, name="enter"),
    path("settings/", home.shop_settings, name="settings"),
    path("products/", products.product_list, name="products"),
    path("products/new/", products.product_create, name="product_create"),
    path("products/<uuid:product_id>/", products.product_detail, name="product"),
    path("products/<uuid:product_id>/stock/", products.stock_adjust, name="stock_adjust"),
    path("stock/", products.stock_list, name="stock"),
    path("coupons/", coupons.coupon_list, name="coupons"),
    path("coupons/new/", coupons.coupon_create, name="coupon_create"),
    path("coupons/example/", coupons.coupon_example, name="coupon_example"),
    path("coupons/<uuid:batch_id>/", coupons.coupon_detail, name="coupon"),
    path("coupons/<uuid:batch_id>/status/", coupons.coupon_status, name="coupon_status"),
    path("join-links/", join_links.join_link_list, name="join_links"),
    path("join-links/new/", join_links.join_link_create, name="join_link_create"),
    path("join-links/<uuid:link_id>/", join_links.join_link_detail, name="join_link"),
    path("join-links/<uuid:link_id>/news/", join_links.join_link_news, name="join_link_news"),
    path("join-links/<uuid:link_id>/status/", join_links.join_link_status, name="join_link_status"),
    re_path(
        rf"^join-links/(?P<link_id>{UUIDConverter.regex})/(?P<kind>qr\.svg|qr\.png|poster\.pdf|poster\.png)$",
        join_links.join_link_picture,
        name="join_link_picture",
    ),
    path("orders/", orders.order_list, name="orders"),
    path("orders/<uuid:order_id>/", orders.order_detail, name="order"),
    path("orders/<uuid:order_id>/paid/", orders.order_paid, name="order_paid"),
    path("domains/", domains.domain_list, name="domains"),
    path("domains/<str:host>/check/", domains.domain_check, name="domain_check"),
    path("domains/<str:host>/primary/", domains.domain_primary, name="domain_primary"),
    path("domains/<str:host>/remove/", domains.domain_remove, name="domain_remove"),
    path("billing/", billing.overview, name="billing"),
    path("billing/invoices/", billing.invoices, name="billing_invoices"),
    path("billing/tax-id/", billing.tax_id, name="billing_tax_id"),
    path("billing/checkout/", billing.checkout, name="billing_checkout"),
    path("billing/return/", billing.landing, name="billing_return"),
    path("billing/return/progress/", billing.progress, name="billing_progress"),
    path("billing/change/", billing.change, name="billing_change"),
    path("billing/cancel/", billing.cancel, name="billing_cancel"),
    path("billing/resume/", billing.resume, name="billing_resume"),
    path("billing/portal/", billing.portal, name="billing_portal"),
    path("billing/pay/", billing.pay, name="billing_pay"),
    path("keys/", keys.api_keys, name="api_keys"),
    path("keys/<int:key_id>/revoke/", keys.api_key_revoke, name="api_key_revoke"),
]
