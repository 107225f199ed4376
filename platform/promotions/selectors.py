"""Reads of promotions: the compiled rule sets, cached per process, and the versions behind them."""

import threading
from collections import OrderedDict
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from promotions.diff import Change, diff_documents
from promotions.engine import Badge, Ruleset
from promotions.errors import PromotionUnknown
from promotions.limits import UNLIMITED, Use, UseLimits, to_engine
from promotions.models import PromotionUse, PromotionVersion
from promotions.types import BadgeLine, DayUse, LiveRules, Stage, VersionRow
from tenants.transaction import current_shop

MAX_CACHED_RULES = 256  # of all shops together
MAX_KNOWN_BADGES = 1_000  # of a shop: some fifteen pages of variants

# `xmin` tells apart two transactions that raised the version to the same number because the first rolled back.
_Key = tuple[str, int, str]
_cache: OrderedDict[_Key, LiveRules] = OrderedDict()
_cache_lock = threading.Lock()

# Which rules, and how far those with limits are used: one statement, so that limits cost none of their own.
_VERSION = """
    SELECT c.version, c.xmin::text,
           (SELECT json_agg(json_build_array(u.promotion_id, u.scope, u.orders, u.discount_minor))::text
              FROM promotions_promotionversion v JOIN promotions_promotionuse u ON u.promotion_id = v.promotion_id
             WHERE v.is_limited AND v.since_version <= c.version
               AND (v.until_version IS NULL OR v.until_version > c.version) AND u.scope = ANY (%(scopes)s))
      FROM promotions_rulesetchange c
     WHERE c.version = coalesce(%(version)s, (SELECT version FROM promotions_rulesetversion))
"""
_RULES = """
    SELECT policy::text,
           (SELECT coalesce(json_agg(document ORDER BY promotion_id), '[]')::text FROM promotions_promotionversion
             WHERE since_version <= c.version AND (until_version IS NULL OR until_version > c.version))
      FROM promotions_rulesetchange c WHERE version = %s
"""


def get_live_rules(*, today: date | None = None, member_id: UUID | None = None) -> LiveRules:
    """The shop's live promotions, compiled. A change is visible to every transaction that begins after its commit.

    `usage` counts limits a day for `today`, the shop's local date, and limits a member for `member_id`. One statement;
    another one where this process has not seen the version yet.
    """
    return _get_rules(None, today, member_id)


def get_rules_of_version(*, version: int, today: date | None = None, member_id: UUID | None = None) -> LiveRules:
    """The rules as they were under an earlier number, with the usage of now. Statements as of `get_live_rules`."""
    return _get_rules(version, today, member_id)


def _get_rules(version: int | None, today: date | None, member_id: UUID | None) -> LiveRules:
    scopes = ["", f"day:{today}" if today else "", f"member:{member_id}" if member_id else ""]
    with connection.cursor() as cursor:
        cursor.execute(_VERSION, {"version": version, "scopes": scopes})
        number, xmin, counted = cursor.fetchone()
        key = (current_shop().schema_name, number, xmin)
        with _cache_lock:
            rules = _cache.get(key)
            if rules:
                _cache.move_to_end(key)
        if rules is None:
            cursor.execute(_RULES, [number])
            rules = _compile(number, *cursor.fetchone())
            with _cache_lock:
                _cache[key] = rules
                while len(_cache) > MAX_CACHED_RULES:
                    _cache.popitem(last=False)
    return _count(rules, orjson.loads(counted) if counted else [], scopes) if rules.limits else rules


def _compile(version: int, policy: str | None, documents: str) -> LiveRules:
    promotions = orjson.loads(documents)
    ruleset = Ruleset.compile(
        [to_engine(promotion) for promotion in promotions], orjson.loads(policy) if policy else None
    )
    limits = {promotion["id"]: UseLimits.of(promotion) for promotion in promotions if promotion.get("limits")}
    return LiveRules(
        version=version,
        ruleset=ruleset,
        names={promotion["id"]: promotion["name"] for promotion in promotions},
        codes={promotion["id"]: (promotion.get("coupon") or {}).get("codes", ()) for promotion in promotions},
        limits={key: limit for key, limit in limits.items() if limit != UNLIMITED},
        is_timeless=not any(promotion.get("schedule") for promotion in promotions),
        needs_costs=any(promotion.floor_margin_bp is not None for promotion in ruleset.promotions),
    )


def _count(rules: LiveRules, counted: list[tuple[str, str, int, int]], scopes: list[str]) -> LiveRules:
    """The rules with what has been used of those with limits."""
    uses = {(promotion, scope): Use(orders, discount) for promotion, scope, orders, discount in counted}
    ever, today, member = scopes
    usage, used_up = {}, set()
    for promotion, limits in rules.limits.items():
        in_all = uses.get((promotion, ever), Use())
        on_day = uses.get((promotion, today), Use()) if today else Use()
        of_member = uses.get((promotion, member), Use()) if member else Use()
        usage[promotion] = limits.to_facts(ever=in_all, today=on_day, member=of_member)
        if limits.is_used_up(ever=in_all, today=on_day):
            used_up.add(promotion)
    return replace(rules, usage=usage, used_up=frozenset(used_up))


def get_ruleset() -> Ruleset:
    """The compiled rule set of `get_live_rules`."""
    return get_live_rules().ruleset


def list_badges(*, rules: LiveRules, line: BadgeLine, now: datetime, channel: str, currency: str) -> tuple[Badge, ...]:
    """The live promotions that concern one unit of a variant, for a listing. `now` is on the shop's wall clock.

    Without schedules the answer depends on the variant alone and is remembered until the rules change. A budget that is
    not used up leaves the badge as it is.
    """
    key = (line, channel, currency, rules.used_up)
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
            usage=_nothing_left(rules),
        )
    )
    if rules.is_timeless:
        if len(rules.known_badges) >= MAX_KNOWN_BADGES:
            rules.known_badges.clear()
        rules.known_badges[key] = found
    return found


def list_versions(*, promotion_id: UUID, now: datetime) -> list[VersionRow]:
    """Every version of a promotion, the latest first: its history. Raises `PromotionUnknown`. One statement."""
    rows = PromotionVersion.objects.filter(promotion_id=promotion_id).order_by("-number")
    if not rows:
        raise PromotionUnknown(_("There is no such promotion."))
    return [
        VersionRow(
            number=row.number,
            status=row.status,
            stage=get_stage(status=row.status, document=row.document, now=now),
            document=row.document,
            actor=row.actor,
            created_at=row.created_at,
            live_at=row.live_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


def diff_versions(*, promotion_id: UUID, before: int, after: int) -> list[Change]:
    """What changed from one version of a promotion to another. Raises `PromotionUnknown`. One statement."""
    documents = dict(
        PromotionVersion.objects.filter(promotion_id=promotion_id, number__in=[before, after]).values_list(
            "number", "document"
        )
    )
    for number in (before, after):
        if number not in documents:
            raise PromotionUnknown(_("This promotion has no version %(number)d.") % {"number": number})
    return diff_documents(documents[before], documents[after])


def get_stage(*, status: str, document: dict[str, Any], now: datetime) -> Stage:
    """Where a version stands at a time: what is live is scheduled before its schedule and ended after it."""
    if status == PromotionVersion.Status.DRAFT:
        return "draft"
    schedule = document.get("schedule") or {}
    opens, closes = schedule.get("from"), schedule.get("until")
    if status == PromotionVersion.Status.ENDED or (closes and datetime.fromisoformat(closes) <= now):
        return "ended"
    return "scheduled" if opens and datetime.fromisoformat(opens) > now else "live"


def get_use(*, promotion_id: UUID) -> Use:
    """What a promotion has given in all. One statement."""
    row = PromotionUse.objects.filter(promotion_id=promotion_id, scope="").values_list("orders", "discount_minor")
    return Use(*row.first() or ())


def list_daily_use(*, promotion_id: UUID, first: date, last: date) -> list[DayUse]:
    """What a promotion gave on each local day from `first` to `last` on which it gave something. One statement."""
    rows = PromotionUse.objects.filter(
        promotion_id=promotion_id, scope__gte=f"day:{first}", scope__lte=f"day:{last}"
    ).order_by("scope")
    return [
        DayUse(scope.removeprefix("day:"), orders, discount)
        for scope, orders, discount in rows.values_list("scope", "orders", "discount_minor")
    ]


def _nothing_left(rules: LiveRules) -> dict[str, Any]:
    """The usage that leaves out what is used up, and nothing else."""
    return {promotion: rules.usage[promotion] for promotion in rules.used_up}
