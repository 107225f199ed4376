"""The demo shop's secrets are made once, kept readable to their owner alone, and replaced when they are lost."""

import json
import stat
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from config.env import Env, current
from demo.credentials import EMAIL, FILE, ensure_shop, write_credentials
from staff.models import ApiKey, User

from tenants.models import Shop
from tenants.transaction import tenant_transaction


@pytest.fixture
def env(tmp_path: Path, live_shops: tuple[Shop, Shop]) -> Env:
    """An installation with an empty home."""
    return replace(current(), home=tmp_path, base_url="http://localhost:8123")


def test_the_first_start_opens_the_shop_and_writes_what_laxin_info_shows(env: Env, now: datetime) -> None:
    shop, credentials = ensure_shop(home=env.home, now=now)
    write_credentials(credentials, env=env)

    assert (shop.slug, shop.language, shop.currency, shop.time_zone) == ("demo", "zh-hans", "CNY", "Asia/Shanghai")
    assert Shop.objects.values_list("plan", "access", "notice").get(slug="demo") == ("scale", "open", {})
    file = env.home / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {
        "console": "http://demo.localhost:8123/console/",
        "graphql": "http://demo.localhost:8123/graphql/",
        "join": "http://demo.localhost:8123/j/welcome",
        "storefront_key": credentials.storefront_key,
        "secret_key": credentials.secret_key,
        "staff": {"email": EMAIL, "password": credentials.password},
    }
    assert [path.name for path in env.home.iterdir()] == [FILE]
    assert credentials.storefront_key.startswith("pk_")
    assert credentials.secret_key.startswith("sk_")
    with tenant_transaction(shop):
        assert User.objects.get(email=EMAIL).check_password(credentials.password)


def test_later_starts_keep_the_secrets_also_after_the_owner_chose_another_password(env: Env, now: datetime) -> None:
    shop, credentials = ensure_shop(home=env.home, now=now)
    write_credentials(credentials, env=env)
    with tenant_transaction(shop):
        owner = User.objects.get(email=EMAIL)
        owner.set_password("my own now")
        owner.save()

    again, same = ensure_shop(home=env.home, now=now)

    assert (again.pk, same) == (shop.pk, credentials)
    with tenant_transaction(shop):
        assert User.objects.get(email=EMAIL).check_password("my own now")


@pytest.mark.parametrize("left", [None, "", "{}", '{"staff": 1}', "[]"])
def test_lost_secrets_are_replaced_and_the_lost_secret_key_revoked(env: Env, left: str | None, now: datetime) -> None:
    shop, lost = ensure_shop(home=env.home, now=now)
    if left is not None:
        (env.home / FILE).write_text(left)

    _, renewed = ensure_shop(home=env.home, now=now)

    assert renewed.storefront_key == lost.storefront_key
    assert renewed.secret_key != lost.secret_key
    with tenant_transaction(shop):
        assert User.objects.get(email=EMAIL).check_password(renewed.password)
        assert ApiKey.objects.filter(kind="secret", revoked_at=None).count() == 1
        assert ApiKey.objects.filter(kind="secret").exclude(revoked_at=None).count() == 1
