"""What a shop's access state allows; billing sets it, interfaces ask here.

`open` allows all. `read_only`: staff read and export and the storefront shows, but nobody joins or checks out.
`suspended`: the storefront is closed, the console is reached for export and payment.
"""

from django.utils.translation import gettext as _

from tenants.errors import ShopClosed
from tenants.models import Shop

STAFF_PATHS = ("/console/", "/static/", "/i18n/")


def check_takes_business(shop: Shop) -> None:
    """Raise ShopClosed where joins and checkouts are not taken."""
    if shop.access != Shop.Access.OPEN:
        raise ShopClosed(_("This shop does not take orders or new members at the moment. Please come back later."))


def is_closed_for(shop: Shop, path: str) -> bool:
    """Tell whether a request for `path` meets a closed storefront."""
    return shop.access == Shop.Access.SUSPENDED and not path.startswith(STAFF_PATHS)
