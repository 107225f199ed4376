"""Which function answers which address of the API."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakes.stripe.errors import StripeFault
from fakes.stripe.parameters import Parameter, declare
from fakes.stripe.state import Object, State

Handler = Callable[..., Object]


@dataclass(frozen=True)
class Operation:
    """`handler(state, parameters, *identifiers in the address)` answers `method address`."""

    method: str
    address: str
    handler: Handler
    declared: dict[str, Parameter]

    def match(self, method: str, path: str) -> tuple[str, ...] | None:
        """The identifiers in `path`, or None where it is another operation's."""
        if method != self.method:
            return None
        pattern = re.sub(r"\{\w+\}", r"([A-Za-z0-9_.%-]+)", self.address)
        found = re.fullmatch(pattern, path)
        return found.groups() if found else None


OPERATIONS: list[Operation] = []


def operation(method: str, address: str, words: str = "") -> Callable[[Handler], Handler]:
    """Register a handler; `words` declares its parameters (`fakes.stripe.parameters`)."""

    def register(handler: Handler) -> Handler:
        OPERATIONS.append(Operation(method, address, handler, declare(words)))
        return handler

    return register


def find(method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
    """The operation of an address. Raise StripeFault where there is none."""
    for each in OPERATIONS:
        identifiers = each.match(method, path)
        if identifiers is not None:
            return each, identifiers
    raise StripeFault(f"Unrecognized request URL ({method}: {path}).", status=404)


def list_page(state: State, kind: str, parameters: dict[str, Any], url: str, keep: Callable[[Object], bool]) -> Object:
    """A page of the objects of a kind for which `keep` holds, newest first, as Stripe pages."""
    found = [each for each in reversed(list(state.all(kind))) if keep(each) and _within(each, parameters)]
    limit = parameters.get("limit", 10)
    if not 1 <= limit <= 100:
        raise StripeFault("Invalid limit: must be from 1 to 100", code="parameter_invalid_integer", param="limit")
    begin = 0
    if after := parameters.get("starting_after"):
        state.get(kind, after, param="starting_after")
        created = [each["id"] for each in found]
        begin = created.index(after) + 1 if after in created else len(found)
    page = found[begin : begin + limit]
    return {"object": "list", "data": page, "has_more": begin + limit < len(found), "url": url}


def _within(each: Object, parameters: dict[str, Any]) -> bool:
    bounds = parameters.get("created") or {}
    checks = {
        "gt": lambda bound: each["created"] > bound,
        "gte": lambda bound: each["created"] >= bound,
        "lt": lambda bound: each["created"] < bound,
        "lte": lambda bound: each["created"] <= bound,
    }
    return all(checks[name](bound) for name, bound in bounds.items())


def as_list(data: list[Object], url: str) -> Object:
    """A list inside an object."""
    return {"object": "list", "data": data, "has_more": False, "url": url, "total_count": len(data)}


def expand(state: State, answer: Object, paths: list[str]) -> Object:
    """`answer` with the identifiers at `paths` replaced by their objects. Raise StripeFault for what cannot be."""
    for path in paths:
        _expand(state, [answer], path.split("."), path)
    return answer


def _expand(state: State, holders: list[Any], names: list[str], path: str) -> None:
    name, rest = names[0], names[1:]
    for holder in holders:
        if name not in holder:
            if f"_{name}" not in holder:
                raise StripeFault(f"This property cannot be expanded ({path}).", param="expand")
            holder[name] = holder.pop(f"_{name}")  # there only when it is asked for
        value = holder[name]
        if isinstance(value, str) and value in state.objects:
            holder[name] = value = copy_of(state, state.objects[value])
        if rest and value is not None:
            _expand(state, value if isinstance(value, list) else [value], rest, path)


def copy_of(state: State, subject: Object) -> Object:
    """A copy that may be expanded, with what belongs to it only when it is asked for."""
    copied = {name: _copied(value) for name, value in subject.items()}
    if subject["object"] == "customer" and not subject.get("deleted"):
        copied["_tax_ids"] = as_list(
            [each for each in state.all("tax_id") if each["customer"] == subject["id"]],
            f"/v1/customers/{subject['id']}/tax_ids",
        )
        copied["_subscriptions"] = as_list(
            [each for each in state.all("subscription") if each["customer"] == subject["id"]], "/v1/subscriptions"
        )
    if subject["object"] == "invoice":
        copied["_payments"] = as_list(
            [each for each in state.all("invoice_payment") if each["invoice"] == subject["id"]], "/v1/invoice_payments"
        )
    if subject["object"] == "charge":
        refunds = [each for each in reversed(list(state.all("refund"))) if each["charge"] == subject["id"]]
        copied["_refunds"] = as_list(refunds, f"/v1/charges/{subject['id']}/refunds")
    return copied


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value
