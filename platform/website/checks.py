"""What must hold of the shop that the home page offers, for `laxin doctor`."""

from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone
from joining.selectors import find_front_page_link

from tenants.doctor import invariant
from tenants.models import Shop
from tenants.transaction import current_shop


@invariant("website.demo_shop_can_be_joined")
def find_closed_demo() -> Iterator[str]:
    """Visitors can join the shop that they are offered."""
    shop = current_shop()
    if shop.slug != settings.DEMO_SHOP:
        return
    if shop.access != Shop.Access.OPEN:
        yield "LAXIN_DEMO_SHOP names this shop, which is not open: nobody can join it"
    elif find_front_page_link(now=timezone.now()) is None:
        yield "LAXIN_DEMO_SHOP names this shop, which has no open join link on its front page: nobody is led to join it"
