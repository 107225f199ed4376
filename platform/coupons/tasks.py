"""Periodic work on coupons."""

from celery import shared_task
from django.utils import timezone
from staff.audit import record_own_event

from coupons import services
from tenants.selectors import list_shops
from tenants.tasks import PublicTask, enqueue_for_shop, enqueue_on_commit

BATCH_SIZE = 5_000


@shared_task(ignore_result=True)
def expire_coupons() -> int:
    """Mark the shop's coupons that are past their date; a large backlog is worked off in several transactions."""
    expired = services.expire_coupons(now=timezone.now(), limit=BATCH_SIZE)
    if expired:  # each coupon has its own history; the audit log says it once
        record_own_event(event="expired", subject="coupons_coupon", label=str(expired), details={"coupons": expired})
    if expired == BATCH_SIZE:
        enqueue_on_commit(expire_coupons)
    return expired


@shared_task(base=PublicTask, ignore_result=True)
def expire_coupons_of_all_shops() -> None:
    """Sent by beat: hand the work out to the shops."""
    for shop in list_shops():
        enqueue_for_shop(shop, expire_coupons)
