"""Reads of promotions: the compiled live rule set, cached per process."""

import threading
from collections import OrderedDict
from datetime import datetime

import orjson
from django.db import connection

from promotions.engine import Badge, Ruleset
from promotions.types import BadgeLine, LiveRules
from tenants.transaction import current_shop

MAX_CACHED_SHOPS = 256
MAX_KNOWN_BADGES = 1_000  # of a shop: some fifteen pages of variants

# `xmin` tells apart two transactions that raised the version to the same number because the first rolled back.
_Key = tuple[int, str]
_cache: OrderedDict[str, tuple[_Key, LiveRules]] = OrderedDict()
_cache_lock = threading.Lock()

_VERSION = "SELECT version, xmin::text FROM promotions_rulesetversion"
# One statement, so version, policy and promotions are of one snapshot.
_RULES = """
    SELECT version, xmin::text, policy::text,
           (SELECT coalesce(json_agg(document ORDER BY id), '[]')::text FROM promotions_promotion WHERE status = 'live')
      FROM promotions_rulesetversion
"""


def get_live_rules() -> LiveRules:
    """The shop's live promotions, compiled. A change is visible to every transaction that begins after its commit.

    One statement; another one where this process has not seen the version yet.
    """
    schema = current_shop().schema_name
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        key = cursor.fetchone()
        with _cache_lock:
            cached = _cache.get(schema)
            if cached and cached[0] == key:
                _cache.move_to_end(schema)
                return cached[1]
        cursor.execute(_RULES)
        version, xmin, policy, documents = cursor.fetchone()
    documents = orjson.loads(documents)
    ruleset = Ruleset.compile(documents, orjson.loads(policy) if policy else None)
    rules = LiveRules(
        version=version,
        ruleset=ruleset,
        names={document["id"]: document["name"] for document in documents},
        codes={document["id"]: (document.get("coupon") or {}).get("codes", ()) for document in documents},
        is_timeless=not any(document.get("schedule") for document in documents),
        needs_costs=any(promotion.floor_margin_bp is not None for promotion in ruleset.promotions),
    )
    with _cache_lock:
        _cache[schema] = ((version, xmin), rules)
        _cache.move_to_end(schema)
        while len(_cache) > MAX_CACHED_SHOPS:
            _cache.popitem(last=False)
    return rules


def get_ruleset() -> Ruleset:
    """The compiled rule set of `get_live_rules`."""
    return get_live_rules().ruleset


def list_badges(*, rules: LiveRules, line: BadgeLine, now: datetime, channel: str, currency: str) -> tuple[Badge, ...]:
    """The live promotions that concern one unit of a variant, for a listing. `now` is on the shop's wall clock.

    Without schedules the answer depends on the variant alone and is remembered until the rules change.
    """
    key = (line, channel, currency)
    known = rules.known_badges.get(key) if rules.is_timeless else None
    if known is not None:
        return known
    found = tuple(
        rules.ruleset.badges(
            {
                "id": line.sku,
                "sku": line.sku,
                "product": line.product,
                "categories": list(line.categories),
                "brand": line.brand,
                "tags": list(line.tags),
                "quantity": 1,
                "unit_price": line.unit_price_minor,
                "unit_cost": line.unit_cost_minor,
            },
            now=now,
            channel=channel,
            currency=currency,
        )
    )
    if rules.is_timeless:
        if len(rules.known_badges) >= MAX_KNOWN_BADGES:
            rules.known_badges.clear()
        rules.known_badges[key] = found
    return found
