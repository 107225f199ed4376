"""Mails about paying, queued inside the shop in the transaction of what they tell."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import override
from messaging.selectors import find_first_sent
from messaging.services import pass_over, queue_template
from staff.selectors import list_owners
from staff.types import Contact

from billing.plans import name_of_plan
from billing.standing import Mail
from tenants.addresses import get_shop_address
from tenants.models import Shop
from tenants.transaction import tenant_transaction

NEARLY_A_MONTH = timedelta(days=28)  # a mail may wait for its server for a day

logger = logging.getLogger(__name__)


def queue_mails(*, shop: Shop, mails: Iterable[Mail], now: datetime) -> bool:
    """Queue each mail for the shop's owners, once for its key; False where there is nobody to write to.

    Called in a transaction, outside the shop.
    """
    wanted = list(mails)
    if not wanted:
        return True
    console = f"{get_shop_address(shop.slug)}/console/"
    with tenant_transaction(shop), timezone.override(ZoneInfo(shop.time_zone)):
        owners = list_owners()
        if not owners:
            logger.warning("Nobody to write to: %s has no active owner", shop.slug)
            return False
        for mail in wanted:
            for owner, key in _address(owners, mail):
                context = {"shop_name": shop.name, "console_url": console, "link": f"{console}billing/", **mail.context}
                if "plan" in context:
                    with override(owner.language):
                        context["plan"] = name_of_plan(str(context["plan"]))
                queue_template(
                    template=mail.template,
                    to=[owner.email],
                    language=owner.language,
                    context=context,
                    key=key,
                    now=now,
                )
    return True


def was_sent_a_month_ago(*, shop: Shop, template: str, since: datetime, now: datetime) -> bool:
    """Whether a mail of this kind was handed over to a mail server, a month ago or nearly. Outside the shop."""
    with tenant_transaction(shop):
        first = find_first_sent(key_prefix=f"{template}:", since=since)
    return first is not None and first <= now - NEARLY_A_MONTH


def pass_over_mail(*, shop: Shop, mail: Mail, now: datetime) -> None:
    """Never send this one: as if it had been. Called in a transaction, outside the shop."""
    with tenant_transaction(shop):
        for _owner, key in _address(list_owners(), mail):
            pass_over(template=mail.template, key=key, now=now)


def _address(owners: Sequence[Contact], mail: Mail) -> list[tuple[Contact, str]]:
    """Each owner with the key of this mail to them."""
    return [
        (one, f"{mail.key}:{sha256(one.email.encode()).hexdigest()[:12]}" if at else mail.key)
        for at, one in enumerate(owners)
    ]
