"""Refunds, from the chapter of that name: what is due for everything returned so far, less what was paid back."""

from .cart import Json
from .generator import Case
from .judge import quote


def due_for(case: Case, priced: Json, returned: dict[str, int], policy: str) -> int:
    """What is due back for all units of `returned` together, the shipping fee with the last unit."""
    goods = sum(sum(_cheapest_first(line)[: returned.get(line["id"], 0)]) for line in priced["lines"])
    left = {line["id"]: line["quantity"] - returned.get(line["id"], 0) for line in priced["lines"]}
    if policy == "requalify":
        lines = [line | {"quantity": left[line["id"]]} for line in case.facts["lines"] if left[line["id"]]]
        afresh = quote(case.facts | {"lines": lines}, case.promotions, case.policy)
        paid = sum(line["final"] for line in priced["lines"])
        goods = min(max(paid - sum(line["final"] for line in afresh["lines"]), 0), goods)
    return goods if any(left.values()) else goods + int(priced["shipping"])


def _cheapest_first(line: Json) -> list[int]:
    return sorted(part["final"] for part in line["units"] for _ in range(part["count"]))
