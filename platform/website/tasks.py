"""Work of the public site that nobody waits for."""

from smtplib import SMTPException
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from messaging.services import send_template

from tenants.addresses import get_shop_address
from tenants.cache import PUBLIC
from tenants.tasks import PublicTask
from website.selectors import list_shops_of_email

HEARTBEAT = f"{PUBLIC}worker-heartbeat"
HEARTBEAT_KEPT_SECONDS = 3600


@shared_task(
    base=PublicTask,
    bind=True,
    ignore_result=True,
    autoretry_for=(OSError, SMTPException),
    retry_backoff=60,
    # Below an hour: a task that waits longer is handed out once more by a broker that misses its acknowledgement.
    retry_backoff_max=1800,
    retry_jitter=True,
    max_retries=20,  # with these waits about four hours; then whoever still looks for the shop has asked again
)
def send_shop_list(self: Any, email: str, language: str) -> None:
    """Write to a person which shops they can sign in to. Who has none gets no mail: the form writes to no strangers.

    Where the mail server does not take it, it is tried again; every attempt looks anew and has the same message id.
    """
    shops = [(shop.name, f"{get_shop_address(shop.slug)}/console/") for shop in list_shops_of_email(email)]
    if shops:
        context = {"shops": shops, "link": f"{settings.BASE_URL}/"}
        send_template(template="shop_list", to=email, language=language, context=context, key=self.request.id)


@shared_task(base=PublicTask, ignore_result=True)
def beat_heart() -> None:
    """Sent by beat: note that queue, beat and worker do their work, for the status page."""
    cache.set(HEARTBEAT, timezone.now().isoformat(), HEARTBEAT_KEPT_SECONDS)
