"""JSON Schemas of facts, promotion, policy and quote, for editors and other programs.

`python -m promotions.engine.schema docs/schemas` writes them. They say what is well formed; how keys go together
(code CONFLICT) and what repeats (DUPLICATE) only the validator says. Tests hold the two to each other.
"""

import json
import sys
from pathlib import Path
from typing import Any

from promotions.engine.conditions import FACTS, OPERATORS, FactKind
from promotions.engine.facts import CHANNELS
from promotions.engine.faults import MAX_INTEGER
from promotions.engine.policy import MODES
from promotions.engine.promotion import LANES, LIMIT_KEYS
from promotions.engine.rewards import REWARDS
from promotions.engine.rewards.shipping_off import WAYS
from promotions.engine.rewards.tiers import GROUPINGS, MEASURES
from promotions.engine.scope import BOUND_KEYS, LIST_KEYS

type Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REASONS = (
    "SCHEDULE", "NO_COUPON", "NOT_MET", "LIMIT", "OUTBID", "EXCLUDED", "NO_UNITS", "NO_EFFECT", "FLOOR", "CAP",
)  # fmt: skip
CUTS = ("FLOOR", "LIMIT", "CAP")

TEXT: Schema = {"type": "string", "minLength": 1}
INSTANT: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})$",
}
DAY: Schema = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


def integer(least: int, most: int = MAX_INTEGER) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def one_of(options: tuple[str, ...]) -> Schema:
    return {"type": "string", "enum": list(options)}


def listed(items: Schema, *, may_be_empty: bool = False) -> Schema:
    return {"type": "array", "items": items} if may_be_empty else {"type": "array", "items": items, "minItems": 1}


def thing(properties: dict[str, Schema], *required: str, **others: Any) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **others}
    return {**found, "required": list(required)} if required else found


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


POSITIVE, AMOUNT, PERCENT = integer(1), integer(0), integer(1, 10_000)
SCOPE: Schema = {"$ref": "#/$defs/scope"}
CONDITION: Schema = {"$ref": "#/$defs/condition"}
GROUP_BY = one_of(GROUPINGS)


def promotion_schema() -> Schema:
    slot = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
    schedule = {
        "from": or_null(INSTANT),
        "until": or_null(INSTANT),
        "weekdays": or_null(listed(integer(1, 7))),
        "hours": or_null(listed(slot)),
    }
    properties = {
        "id": TEXT,
        "name": {"type": ["string", "null"]},
        "lane": one_of(LANES),
        "priority": integer(-MAX_INTEGER),
        "coupon": or_null(thing({"codes": listed(TEXT)}, "codes")),
        "schedule": or_null(thing(schedule)),
        "when": or_null(CONDITION),
        "then": listed({"$ref": "#/$defs/reward"}),
        "exclusive": {"type": "boolean"},
        "excludes": listed(TEXT, may_be_empty=True),
        "limits": or_null(thing({key: or_null(POSITIVE) for key in sorted(LIMIT_KEYS)})),
        "floor_margin_bp": or_null(AMOUNT),
    }
    definitions = {
        "scope": _scope_schema(),
        "condition": _condition_schema(),
        "reward": {"oneOf": [_reward_schema(name) for name in REWARDS]},
    }
    return _document("promotion", thing(properties, "id", "lane", "then"), definitions)


def _scope_schema() -> Schema:
    keys: dict[str, Schema] = {key: listed(TEXT) for key in LIST_KEYS}
    keys |= dict.fromkeys(BOUND_KEYS, AMOUNT)
    keys["undiscounted"] = {"const": True}
    return thing({**keys, "exclude": thing(keys)})


def _condition_schema() -> Schema:
    groups = [thing({key: listed(CONDITION)}, key) for key in ("all", "any")]
    leaves = [_leaf_schema(fact, kind, op) for fact, kind in FACTS.items() for op in OPERATORS[kind.shape]]
    return {"anyOf": [*groups, thing({"not": CONDITION}, "not"), *leaves]}


def _leaf_schema(fact: str, kind: FactKind, op: str) -> Schema:
    text = one_of(CHANNELS) if fact == "channel" else TEXT
    if kind.shape in ("number", "flag"):
        value = AMOUNT if kind.shape == "number" else {"type": "boolean"}
    else:
        value = text if op == "eq" else listed(text)
    more = {"scope": SCOPE, "basis": one_of(("current", "initial"))}
    keys = {key: more[key] for key in sorted(kind.keys)}
    return thing({"fact": {"const": fact}, "op": {"const": op}, "value": value, **keys}, "fact", "op", "value")


def _reward_schema(name: str) -> Schema:
    picked = {"max_units": or_null(POSITIVE), "pick": or_null(one_of(("dearest", "cheapest")))}
    times = {"max_times": or_null(POSITIVE)}
    step = thing({"at": POSITIVE, "amount_off": or_null(POSITIVE), "percent_bp": or_null(PERCENT)}, "at")
    step["anyOf"] = [_given("amount_off", POSITIVE), _given("percent_bp", PERCENT)]
    ladder = thing({"max_days_to_expiry": AMOUNT, "percent_bp": PERCENT}, "max_days_to_expiry", "percent_bp")
    item = {"scope": SCOPE, "quantity": POSITIVE}
    required: dict[str, dict[str, Schema]] = {
        "percent_off": {"percent_bp": PERCENT},
        "amount_off": {"amount": POSITIVE},
        "tiers": {"measure": one_of(MEASURES), "steps": listed(step)},
        "fixed_unit_price": {"unit_price": AMOUNT},
        "member_price": {},
        "nth_unit": {"n": POSITIVE, "percent_bp": PERCENT, "group_by": GROUP_BY},
        "buy_get": {
            "buy": thing(item, "quantity"),
            "get": thing({**item, "percent_bp": PERCENT}, "quantity", "percent_bp"),
        },
        "bundle_price": {"items": listed(thing(item, "quantity")), "price": AMOUNT},
        "any_n_price": {"quantity": POSITIVE, "price": AMOUNT},
        "expiry_ladder": {"steps": listed(ladder)},
        "gift": {"sku": TEXT, "quantity": POSITIVE},
        "shipping_off": {},
        "points_multiplier": {"times_bp": POSITIVE},
        "issue_coupon": {"batch": TEXT, "quantity": POSITIVE},
    }
    ways = {"percent_bp": PERCENT, "amount": POSITIVE, "price": AMOUNT}
    optional: dict[str, dict[str, Schema]] = {
        "percent_off": {"basis": one_of(("current", "initial")), "max_amount": or_null(POSITIVE), **picked},
        "amount_off": {"per": one_of(("scope", "unit")), "every": or_null(POSITIVE), **times, **picked},
        "tiers": {"group_by": GROUP_BY},
        "fixed_unit_price": picked,
        "buy_get": times,
        "bundle_price": times,
        "any_n_price": times,
        "gift": {"every_quantity": or_null(POSITIVE), "every_amount": or_null(POSITIVE), **times},
        "shipping_off": {way: or_null(ways[way]) for way in WAYS},
    }
    properties: dict[str, Schema] = {"type": {"const": name}, **required[name], **optional.get(name, {})}
    if "scope" in REWARDS[name][0]:
        properties["scope"] = SCOPE
    found = thing(properties, "type", *required[name])
    if name == "shipping_off":
        found["anyOf"] = [_given(way, ways[way]) for way in WAYS]
    return found


def _given(key: str, schema: Schema) -> Schema:
    return {"properties": {key: schema}, "required": [key]}


def facts_schema() -> Schema:
    line = {
        "id": TEXT,
        "sku": TEXT,
        "product": or_null(TEXT),
        "categories": listed(TEXT, may_be_empty=True),
        "brand": or_null(TEXT),
        "tags": listed(TEXT, may_be_empty=True),
        "quantity": POSITIVE,
        "unit_price": AMOUNT,
        "member_price": or_null(AMOUNT),
        "unit_cost": or_null(AMOUNT),
        "expires_on": or_null(DAY),
    }
    member = {
        "id": TEXT,
        "tier": or_null(TEXT),
        "tags": listed(TEXT, may_be_empty=True),
        "segments": listed(TEXT, may_be_empty=True),
        "joined_on": or_null(DAY),
        "birthday": or_null({"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"}),
        "orders": AMOUNT,
        "spent": AMOUNT,
    }
    usage = thing({"member": AMOUNT, "total": AMOUNT, "discount": AMOUNT})
    properties = {
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "now": INSTANT,
        "channel": one_of(CHANNELS),
        "channel_ref": or_null(TEXT),
        "location": or_null(TEXT),
        "member": or_null(thing(member, "id")),
        "lines": listed(thing(line, "id", "sku", "quantity", "unit_price"), may_be_empty=True),
        "coupons": listed(TEXT, may_be_empty=True),
        "shipping": AMOUNT,
        "usage": {"type": "object", "additionalProperties": usage},
    }
    return _document("facts", thing(properties, "currency", "now", "channel", "lines"))


def policy_schema() -> Schema:
    lane = thing({"lane": one_of(LANES), "mode": one_of(MODES), "max": or_null(POSITIVE)}, "lane")
    properties = {
        "lanes": listed(lane),
        "exclusive": one_of(("best", "priority")),
        "floor_margin_bp": or_null(AMOUNT),
        "max_total_discount_bp": or_null(PERCENT),
    }
    return _document("policy", thing(properties))


def quote_schema() -> Schema:
    # Sums and products of what the facts hold may exceed what one number of the facts may be.
    money: Schema = {"type": "integer", "minimum": 0}
    count: Schema = {"type": "integer", "minimum": 1}
    code: Schema = {"type": "string"}
    adjustment = _all({"promotion": code, "amount": count})
    line = _all(
        {
            "id": code,
            "quantity": count,
            "initial": money,
            "final": money,
            "units": listed(_all({"count": count, "final": money})),
            "adjustments": listed(adjustment, may_be_empty=True),
        }
    )
    cut = thing(dict.fromkeys(CUTS, count))
    applied = _all({"promotion": code, "amount": money, "times": count, "cut": cut})
    applied["properties"]["code"] = TEXT
    skipped = _all({"promotion": code, "reason": one_of(REASONS)})
    facts = tuple(fact for fact, kind in FACTS.items() if kind.shape == "number")
    skipped["properties"]["gap"] = _all({"fact": one_of(facts), "missing": count})
    effect = {"type": "object", "properties": {"promotion": code, "type": code}, "required": ["promotion", "type"]}
    properties: dict[str, Schema] = {
        "currency": code,
        "subtotal": money,
        "discount": money,
        "shipping": money,
        "total": money,
        "lines": listed(line, may_be_empty=True),
        "shipping_adjustments": listed(adjustment, may_be_empty=True),
        "gifts": listed(_all({"promotion": code, "sku": code, "quantity": count}), may_be_empty=True),
        "effects": listed(effect, may_be_empty=True),
        "applied": listed(applied, may_be_empty=True),
        "skipped": or_null(listed(skipped, may_be_empty=True)),
        "exact": {"type": "boolean"},
    }
    return _document("quote", _all(properties))


def _all(properties: dict[str, Schema]) -> Schema:
    """An object that has every one of its keys."""
    return thing(dict(properties), *properties)


def _document(name: str, schema: Schema, definitions: dict[str, Schema] | None = None) -> Schema:
    head = {"$schema": DIALECT, "title": f"Laxin promotion engine: {name}", **schema}
    return {**head, "$defs": definitions} if definitions else head


SCHEMAS = {"facts": facts_schema, "policy": policy_schema, "promotion": promotion_schema, "quote": quote_schema}


def render(name: str) -> str:
    """The schema as it is kept in the file `NAME.schema.json`."""
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for schema_name in SCHEMAS:
        (folder / f"{schema_name}.schema.json").write_text(render(schema_name), encoding="utf-8")
