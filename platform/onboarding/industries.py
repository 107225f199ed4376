"""The trades that the sign-up form knows; `tenants.models.Shop.industry` holds the key."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

INDUSTRIES: dict[str, Promise] = {
    "restaurant": _("Food and drinks: restaurant, café, tea shop"),
    "fresh": _("Fresh food: fruit, vegetables, meat, bakery"),
    "fashion": _("Clothes, shoes, accessories"),
    "beauty": _("Beauty and care"),
    "retail": _("Something else: general retail"),
}
