"""Tells the owners that their plan's room for members runs out, before a customer is the first to learn it."""

from datetime import datetime

from messaging.services import queue_template
from staff.selectors import list_owners

from tenants.addresses import get_shop_address
from tenants.entitlements import get_entitlements, judge_room
from tenants.transaction import current_shop

_TEMPLATES = {"near": "members_near", "full": "members_full"}


def tell_owners(*, used: int, now: datetime) -> None:
    """Queue a mail for the owners where the member who was just added makes the room short, or is the last one.

    `used` counts that member; the shop's plan limits them. No statement but then: one, and one for each language of
    the owners, once for each limit.
    """
    shop = current_shop()
    allowed = get_entitlements(shop).find_limit("members")
    assert allowed is not None
    room = judge_room(used=used, allowed=allowed)
    if room == "free" or room == judge_room(used=used - 1, allowed=allowed):
        return
    owners = list_owners()
    console = f"{get_shop_address(shop.slug)}/console/"
    for language in sorted({owner.language for owner in owners}):
        queue_template(
            template=_TEMPLATES[room],
            to=[owner.email for owner in owners if owner.language == language],
            language=language,
            context={
                "shop_name": shop.name,
                "console_url": console,
                "link": f"{console}billing/",
                "used": f"{used:,}",
                "allowed": f"{allowed:,}",
            },
            key=f"{_TEMPLATES[room]}:{allowed}:{language}",
            now=now,
        )
