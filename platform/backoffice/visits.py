"""The sessions of operators in shops: entered by a link, ended before their time where an operator is closed."""

from datetime import datetime, timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from staff.audit import OPERATOR
from staff.models import SignInLink, User

from tenants.models import Shop
from tenants.transaction import tenant_transaction

ENTER = "enter"
LONGEST = timedelta(hours=1)  # more than a link and the session that it opens last together


def end_visits(operator: User, *, now: datetime) -> int:
    """End what the operator opened in shops, links that are not used yet included; return how many sessions.

    The operators' log says which shops those can be.
    """
    entries = LogEntry.objects.filter(
        user=operator,
        content_type=ContentType.objects.get_for_model(Shop),
        change_message__startswith=f"{ENTER}:",
        action_time__gte=now - LONGEST,
    )
    visited = {int(key) for key in entries.values_list("object_id", flat=True) if key}
    return sum(_end_visits_of(shop, operator.email, now) for shop in Shop.objects.filter(pk__in=visited))


def _end_visits_of(shop: Shop, email: str, now: datetime) -> int:
    with tenant_transaction(shop):
        SignInLink.objects.filter(operator=email, used_at=None).update(expires_at=now)
        soon = Session.objects.filter(expire_date__lte=now + LONGEST)  # people's own last for days
        theirs = [each.pk for each in soon if (each.get_decoded().get(OPERATOR) or {}).get("name") == email]
        return Session.objects.filter(pk__in=theirs).delete()[0]
