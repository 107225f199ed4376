"""The demo shop and the secrets that open it, kept in `demo.json` for `laxin info`."""

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.env import Env
from kernel.ids import hash_secret
from staff.models import ApiKey, User
from staff.services import create_api_key, open_shop, revoke_api_key

from billing.selectors import find_account
from billing.services import give_plan
from tenants.errors import ShopUnknown
from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction

SLUG, NAME, LANGUAGE = "demo", "Laxin 示例超市", "zh-hans"
EMAIL = "owner@demo.example"
JOIN_CODE = "welcome"
KEY_NAME = "Demo"
PLAN = "scale"
FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens the demo shop."""

    storefront_key: str
    secret_key: str
    password: str


def ensure_shop(*, home: Path, now: datetime) -> tuple[Shop, Credentials]:
    """Return the demo shop, opened if it is not there, and its secrets.

    Secrets that were lost (an interrupted first load, another LAXIN_HOME) are replaced by new ones.
    """
    try:
        shop = get_shop(slug=SLUG)
    except ShopUnknown:
        password = secrets.token_urlsafe(12)
        opened = open_shop(slug=SLUG, name=NAME, email=EMAIL, password=password, language=LANGUAGE, now=now)
        _give_plan(opened.shop, now)
        with tenant_transaction(opened.shop):
            secret_key = _replace_secret_key(now)
        return opened.shop, Credentials(opened.storefront_key, secret_key, password)
    _give_plan(shop, now)
    with tenant_transaction(shop):
        known = read_credentials(home)
        if known and ApiKey.objects.filter(key_hash=hash_secret(known.secret_key)).exists():
            return shop, known
        return shop, _renew(now)


def _give_plan(shop: Shop, now: datetime) -> None:
    """The demo shop shows what a plan looks like, and no trial of it ends."""
    if find_account(shop_id=shop.pk) is None:
        give_plan(shop=shop, plan=PLAN, reason="The demo shop.", operator="laxin demo load", until=None, now=now)


def _renew(now: datetime) -> Credentials:
    password = secrets.token_urlsafe(12)
    owner = User.objects.get(email=EMAIL)
    owner.set_password(password)
    owner.save(update_fields=["password"])
    public = ApiKey.objects.filter(kind=ApiKey.Kind.PUBLIC, revoked_at=None).order_by("id").first()
    key = public.public_key if public else create_api_key(name=NAME, kind="public", origins=[], now=now).secret
    return Credentials(key, _replace_secret_key(now), password)


def _replace_secret_key(now: datetime) -> str:
    for key_id in ApiKey.objects.filter(name=KEY_NAME, revoked_at=None).values_list("id", flat=True):
        revoke_api_key(key_id=key_id, now=now)
    return create_api_key(name=KEY_NAME, kind=ApiKey.Kind.SECRET, origins=[], now=now).secret


def read_credentials(home: Path) -> Credentials | None:
    """Return what was written before, or None."""
    try:
        document = json.loads((home / FILE).read_text())
        return Credentials(document["storefront_key"], document["secret_key"], document["staff"]["password"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_credentials(credentials: Credentials, *, env: Env) -> None:
    """Write the secrets with the addresses of today, readable by the owner of the file alone, in one step."""
    address = env.shop_url(SLUG)
    document = {
        "console": f"{address}/console/",
        "graphql": f"{address}/graphql/",
        "join": f"{address}/j/{JOIN_CODE}",
        "storefront_key": credentials.storefront_key,
        "secret_key": credentials.secret_key,
        "staff": {"email": EMAIL, "password": credentials.password},
    }
    draft = env.home / f".{FILE}.{secrets.token_hex(8)}"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(document, file, indent=1)
    draft.replace(env.home / FILE)
