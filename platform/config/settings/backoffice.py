"""The looks of the operators' back office (django-unfold)."""

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD = {
    "SITE_TITLE": _("Laxin back office"),
    "SITE_HEADER": "Laxin",
    "SITE_SUBHEADER": _("Back office, times in UTC"),
    "SITE_SYMBOL": "storefront",
    "SITE_URL": "/",
    "SHOW_LANGUAGES": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "STYLES": [lambda request: static("backoffice/backoffice.css")],
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{page}")}
                    for title, icon, page in (
                        (_("Overview"), "dashboard", "index"),
                        (_("Shops"), "storefront", "tenants_shop_changelist"),
                        (_("Accounts"), "account_balance_wallet", "billing_account_changelist"),
                        (_("Given plans"), "redeem", "billing_planoverride_changelist"),
                        (_("Alerts"), "notifications", "billing_alert_changelist"),
                        (_("Events"), "webhook", "billing_paymentevent_changelist"),
                        (_("Deleted shops"), "delete_forever", "tenants_deletedshop_changelist"),
                        (_("Operators"), "badge", "staff_user_changelist"),
                        (_("Log"), "history", "admin_logentry_changelist"),
                    )
                ],
            },
        ],
    },
}
