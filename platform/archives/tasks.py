"""Writing the archive, and clearing it away."""

from celery import shared_task
from django.utils import timezone

from archives import services
from tenants.selectors import list_shops
from tenants.tasks import PublicTask, enqueue_for_shop


@shared_task(ignore_result=True)
def write_archive() -> None:
    """Write the archive that the shop waits for. Delivered twice, it is written once."""
    services.write_archive()


@shared_task(ignore_result=True)
def delete_old_archive() -> None:
    """Delete the shop's archive once its day is over."""
    services.delete_old_archive(now=timezone.now())


@shared_task(base=PublicTask, ignore_result=True)
def delete_old_archives_of_all_shops() -> None:
    """Sent by beat: hand the work out to the shops."""
    for shop in list_shops():
        enqueue_for_shop(shop, delete_old_archive)
