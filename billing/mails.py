"""Mails about paying, queued inside the shop in the transaction of what they tell."""

import logging
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import override
from messaging.services import pass_over, queue_template
from staff.selectors import list_owners

from billing.plans import name_of_plan
from billing.standing import Mail
from tenants.addresses import get_shop_address
from tenants.models import Shop
from tenants.transaction import tenant_transaction

logger = logging.getLogger(__name__)


def queue_mails(*, shop: Shop, mails: Iterable[Mail], now: datetime) -> bool:
    """Queue each mail for the shop's owner, once for its key; False where there is nobody to write to.

    Called in a transaction, outside the shop.
    """
    wanted = list(mails)
    if not wanted:
        return True
    console = f"{get_shop_address(shop.slug)}/console/"
    with tenant_transaction(shop), timezone.override(ZoneInfo(shop.time_zone)):
        owner = next(iter(list_owners()), None)
        if owner is None:
            logger.warning("Nobody to write to: %s has no active owner", shop.slug)
            return False
        for mail in wanted:
            context = {"shop_name": shop.name, "console_url": console, "link": f"{console}billing/", **mail.context}
            if "plan" in context:
                with override(owner.language):
                    context["plan"] = name_of_plan(str(context["plan"]))
            queue_template(
                template=mail.template,
                to=[owner.email],
                language=owner.language,
                context=context,
                key=mail.key,
                now=now,
            )
    return True


def pass_over_mail(*, shop: Shop, mail: Mail, now: datetime) -> None:
    """Never send this one: as if it had been. Called in a transaction, outside the shop."""
    with tenant_transaction(shop):
        pass_over(template=mail.template, key=mail.key, now=now)
