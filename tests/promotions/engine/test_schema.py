"""The JSON Schemas say what the validator says, and the files are theirs."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from promotions.engine import InvalidInput, Ruleset, validate_promotion
from promotions.engine.schema import SCHEMAS, render

from tests.promotions.engine.test_best import case as best_case
from tests.promotions.engine.test_hostile import full_case, mutated

Doc = dict[str, Any]
FOLDER = Path(__file__).parents[3] / "docs" / "schemas"
TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list,
                         "null": type(None)}  # fmt: skip
EFFECTS: list[Doc] = [
    {"type": "gift", "sku": "G", "quantity": 1, "every_amount": 30, "max_times": 2, "scope": {"skus": ["A"]}},
    {"type": "points_multiplier", "times_bp": 15_000},
    {"type": "issue_coupon", "batch": "b", "quantity": 1},
    {"type": "tiers", "measure": "subtotal", "steps": [{"at": 1, "amount_off": 1}, {"at": 2, "percent_bp": 1}]},
]


def fits(value: Any, schema: Any, root: Any) -> bool:
    """Whether a value keeps to a schema, for the keywords that the schemas use."""
    if "$ref" in schema:
        return fits(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    types = schema.get("type", list(TYPES))
    return (
        any(type(value) is TYPES[name] for name in ([types] if isinstance(types, str) else types))
        and ("anyOf" not in schema or any(fits(value, part, root) for part in schema["anyOf"]))
        and ("oneOf" not in schema or sum(fits(value, part, root) for part in schema["oneOf"]) == 1)
        and ("const" not in schema or (type(value) is type(schema["const"]) and value == schema["const"]))
        and ("enum" not in schema or value in schema["enum"])
        and all(fits_inside(value, schema, root))
    )


def fits_inside(value: Any, schema: Any, root: Any) -> Iterator[bool]:
    if isinstance(value, str):
        yield len(value) >= schema.get("minLength", 0)
        yield bool(re.search(schema.get("pattern", ""), value))
    elif isinstance(value, int):
        yield schema.get("minimum", value) <= value <= schema.get("maximum", value)
    elif isinstance(value, list):
        yield schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        yield all(fits(entry, schema.get("items", {}), root) for entry in value)
    elif isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        yield set(schema.get("required", [])) <= value.keys()
        for key, entry in value.items():
            yield fits(entry, known[key], root) if key in known else others is not False and fits(entry, others, root)


def of_facts(document: Any) -> list[str]:
    return _codes(lambda: Ruleset.compile([]).price(document))


def of_policy(document: Any) -> list[str]:
    return _codes(lambda: Ruleset.compile([], {} if document is None else document))


def of_promotion(document: Any) -> list[str]:
    return [fault.code for fault in validate_promotion(document)]


def _codes(run: Callable[[], object]) -> list[str]:
    try:
        run()
    except InvalidInput as invalid:
        return [fault.code for fault in invalid.faults]
    return []


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_file_is_the_schema(name: str) -> None:
    # To write them anew: python -m promotions.engine.schema docs/schemas
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == render(name)


def test_documents_fit_their_schemas_exactly_when_the_validator_finds_no_fault() -> None:
    schemas = {name: make() for name, make in SCHEMAS.items()}
    first = random.randrange(10**9)
    print(f"seeds from {first}")
    agreed = {True: 0, False: 0}
    for seed in range(first, first + 1200):
        rnd = random.Random(seed)
        facts, promotions, policy = full_case(seed)
        promotion = rnd.choice(promotions + best_case(seed, 3)[1])
        if rnd.random() < 0.3:
            promotion = promotion | {"then": [*promotion["then"], *rnd.sample(EFFECTS, 2)]}
        for name, document, find in (
            ("facts", facts, of_facts),
            ("promotion", promotion, of_promotion),
            ("policy", policy, of_policy),
        ):
            changed = mutated(rnd, document)
            if changed is None:
                continue
            codes = set(find(changed))
            if fits(changed, schemas[name], schemas[name]):
                agreed[True] += 1
                assert codes <= {"CONFLICT", "DUPLICATE", "FORMAT"}, (
                    seed,
                    changed,
                    codes,
                )  # FORMAT: no such day or hour
            else:
                agreed[False] += 1
                assert codes, (seed, changed)
    assert min(agreed.values()) > 100


def test_quotes_fit_their_schema() -> None:
    schema = SCHEMAS["quote"]()
    for seed in range(300):
        cart, rules, lane = best_case(seed, 4)
        rules[0]["then"] += EFFECTS
        quote = Ruleset.compile(rules, {"lanes": [lane | {"mode": "best"}]}).price(cart, explain=seed % 2 == 0)
        assert fits(quote.to_json(), schema, schema), seed
