"""Names for people at the prompt of `laxin shell`."""

from collections.abc import Iterator
from contextlib import contextmanager

from tenants.actor import acting, command_actor
from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction


@contextmanager
def enter_shop(slug: str) -> Iterator[Shop]:
    """`with enter_shop("corner"): …` reads and writes that shop: committed at the end, undone where it raises.

    Its audit log names the command.

    Raises ShopUnknown.
    """
    shop = get_shop(slug=slug)
    with acting(command_actor("shell")), tenant_transaction(shop):
        yield shop
