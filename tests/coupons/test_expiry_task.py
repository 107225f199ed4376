"""Expiry run by a real worker over a real broker, handed out to every shop as beat does it."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from coupons import tasks
from coupons.models import Coupon, CouponEvent
from coupons.services import claim_coupon
from coupons.tasks import expire_coupons, expire_coupons_of_all_shops
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.coupons import make_batch, make_member
from tests.support.database import TestServer
from tests.support.live import live_worker

WAIT_SECONDS = 30


def make_old_coupon(now: datetime) -> None:
    before = now - timedelta(days=40)
    claim_coupon(batch_id=make_batch(before), member_id=make_member(before), token_id=None, now=before)


def statuses(shop: Shop) -> list[str]:
    with tenant_transaction(shop):
        return list(Coupon.objects.order_by("valid_until").values_list("status", flat=True))


def test_a_worker_expires_the_coupons_of_every_shop_and_no_others(
    live_shops: tuple[Shop, Shop], database_server: TestServer, valkey: str, tmp_path: Path
) -> None:
    now = timezone.now()
    for shop in live_shops:
        with tenant_transaction(shop):
            make_old_coupon(now)
            claim_coupon(batch_id=make_batch(now), member_id=make_member(now), token_id=None, now=now)

    with live_worker(database_server, tmp_path, valkey):
        expire_coupons_of_all_shops.delay()
        deadline = time.monotonic() + WAIT_SECONDS
        while any(statuses(shop)[0] == "issued" for shop in live_shops) and time.monotonic() < deadline:
            time.sleep(0.05)

    for shop in live_shops:
        assert statuses(shop) == ["expired", "issued"]
        with tenant_transaction(shop):
            assert CouponEvent.objects.filter(status="expired").count() == 1


def test_a_backlog_is_worked_off_in_several_transactions(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(tasks, "BATCH_SIZE", 2)
    monkeypatch.setattr(tasks, "enqueue_on_commit", sent.append)
    now = timezone.now()
    batch_id = make_batch(now - timedelta(days=40), per_member_limit=3)
    member_id = make_member(now)
    for _ in range(3):
        claim_coupon(batch_id=batch_id, member_id=member_id, token_id=None, now=now - timedelta(days=40))

    assert [expire_coupons(), len(sent)] == [2, 1]
    assert [expire_coupons(), len(sent)] == [1, 1]
    assert expire_coupons() == 0


def test_beat_sends_the_task_that_hands_it_out() -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["expire-coupons"]

    assert import_string(str(entry["task"])).name == expire_coupons_of_all_shops.name == entry["task"]
