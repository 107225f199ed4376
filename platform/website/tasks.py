"""Work of the public site that nobody waits for."""

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


@shared_task(base=PublicTask, ignore_result=True)
def send_shop_list(email: str, language: str) -> None:
    """Write to a person which shops they can sign in to. Who has none gets no mail: the form writes to no strangers."""
    shops = [(shop.name, f"{get_shop_address(shop.slug)}/console/") for shop in list_shops_of_email(email)]
    if shops:
        context = {"shops": shops, "link": f"{settings.BASE_URL}/"}
        send_template(template="shop_list", to=email, language=language, context=context)


@shared_task(base=PublicTask, ignore_result=True)
def beat_heart() -> None:
    """Sent by beat: note that queue, beat and worker do their work, for the status page."""
    cache.set(HEARTBEAT, timezone.now().isoformat(), HEARTBEAT_KEPT_SECONDS)
