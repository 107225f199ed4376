"""A shop that comes out of an archive is read-only until somebody pays or decides."""

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from fakes.stripe.app import FakeStripe
from messaging.models import Email

from billing import services
from billing.errors import BillingError
from billing.models import Account
from billing.plans import get_plan
from billing.services import close_and_delete_shop, restore_shop_without_plan
from tenants.export import export_shop
from tenants.models import Shop
from tenants.restore import Restored
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction
from tests.billing.conftest import Merchant, put_on_trial


@pytest.fixture
def merchant(live_shops: tuple[Shop, Shop], fake: FakeStripe, now: datetime) -> Merchant:
    """`north` pays for the plan scale."""
    services.sync_prices()
    put_on_trial(live_shops[0], now)
    made = Merchant(shop=live_shops[0], fake=fake, delivered=len(fake.events))
    made.subscribe("scale")
    return made


@pytest.fixture
def archive(merchant: Merchant, now: datetime) -> bytes:
    file = io.BytesIO()
    export_shop(shop=get_shop(slug="north"), file=file, now=now)
    return file.getvalue()


def restore(archive: bytes, now: datetime, *, slug: str | None = None, replace: bool = False) -> Restored:
    return restore_shop_without_plan(
        file=io.BytesIO(archive), slug=slug, replace=replace, accept_findings=False, now=now
    )


def state(slug: str) -> tuple[str, str]:
    shop = Shop.objects.get(slug=slug)
    assert shop.limits == dict(get_plan("growth" if shop.plan == "trial" else shop.plan).limits)
    return shop.access, shop.plan


def test_a_copy_of_a_shop_that_pays_is_read_only_and_tells_nobody(
    merchant: Merchant, archive: bytes, now: datetime
) -> None:
    with tenant_transaction(merchant.shop):
        mails = Email.objects.count()
    before = state("north")

    restored = restore(archive, now, slug="copy")

    assert restored.is_new
    assert restored.shop.access == "read_only"
    assert state("copy") == ("read_only", "trial")
    assert restored.shop.notice["cause"] == "trial_ended"
    assert state("north") == before
    services.reconcile(now=now)
    assert state("copy") == ("read_only", "trial")
    with tenant_transaction(restored.shop):
        assert Email.objects.filter(sent_at=None).count() == 0
    with tenant_transaction(merchant.shop):
        assert Email.objects.count() == mails
    # Forgotten, it is announced and goes, as any other shop that pays nothing.
    services.reconcile(now=now + timedelta(days=31))
    assert state("copy")[0] == "suspended"
    with tenant_transaction(restored.shop):
        assert Email.objects.filter(sent_at=None).count() == 1


def test_a_deleted_shop_comes_back_read_only_and_opens_when_it_pays(
    merchant: Merchant, archive: bytes, now: datetime
) -> None:
    close_and_delete_shop(shop=merchant.shop, now=now)

    merchant.shop = restore(archive, now).shop

    assert state("north") == ("read_only", "trial")
    merchant.deliver()
    assert state("north") == ("read_only", "trial")
    merchant.subscribe("growth")
    assert state("north") == ("open", "growth")


def test_an_operator_gives_a_plan_or_adopts_the_customer(merchant: Merchant, archive: bytes, now: datetime) -> None:
    customer_id = merchant.account.customer_id
    restored = restore(archive, now, slug="copy")

    services.give_plan(shop=restored.shop, plan="starter", reason="moved", operator="ada", until=None, now=now)
    assert state("copy") == ("open", "starter")
    services.end_override(shop=restored.shop, now=now + timedelta(seconds=1))
    assert state("copy")[0] == "read_only"
    with pytest.raises(BillingError):
        services.adopt_customer(shop=restored.shop, customer_id=customer_id, now=now)

    Account.objects.filter(shop=merchant.shop).delete()  # as where a backup forgot it
    account_id = services.adopt_customer(shop=restored.shop, customer_id=customer_id, now=now)
    services.sync_account(account_id=account_id, now=now + timedelta(seconds=2))
    assert state("copy") == ("open", "scale")


def test_what_is_replaced_keeps_its_account(merchant: Merchant, archive: bytes, now: datetime) -> None:
    before, account = state("north"), merchant.account
    restored = restore(archive, now, replace=True)
    assert not restored.is_new
    assert state("north") == before == ("open", "scale")
    assert merchant.account == account


def test_the_command_says_what_to_do(
    merchant: Merchant, archive: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "north.tar.gz"
    file.write_bytes(archive)
    call_command("shop", "restore", str(file), "--as", "copy")
    assert "laxin billing give copy PLAN" in capsys.readouterr().out
    assert state("copy")[0] == "read_only"
    call_command("shop", "restore", str(file), "--replace")
    assert "laxin billing" not in capsys.readouterr().out
