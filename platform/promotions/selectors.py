"""Reads of promotions: the compiled live rule set, cached per process."""

import threading
from collections import OrderedDict

import orjson
from django.db import connection

from promotions.engine import Ruleset
from promotions.types import LiveRules
from tenants.transaction import current_shop

MAX_CACHED_SHOPS = 256

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
