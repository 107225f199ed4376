"""`when` and `schedule`: may the promotion apply at all?"""

import operator
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from .cart import Cart, Json, State

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
}
OF_CART = ("subtotal", "quantity", "distinct_skus")
MEMBER_NUMBERS = ("member.orders", "member.spent", "member.days_since_join", "member.days_to_birthday")


def is_open(schedule: Json, now: datetime) -> bool:
    """Whether `now` lies within the schedule. A slot over midnight belongs to the weekday on which it starts."""
    if schedule.get("from") and now < datetime.fromisoformat(schedule["from"]):
        return False
    if schedule.get("until") and now >= datetime.fromisoformat(schedule["until"]):
        return False
    weekdays = schedule.get("weekdays") or [1, 2, 3, 4, 5, 6, 7]
    today, yesterday = now.isoweekday(), (now - timedelta(days=1)).isoweekday()
    if not schedule.get("hours"):
        return today in weekdays
    time = now.strftime("%H:%M")
    for start, end in schedule["hours"]:
        if start < end:
            if today in weekdays and start <= time < end:
                return True
        elif (today in weekdays and time >= start) or (yesterday in weekdays and time < end):
            return True
    return False


def _birthday_in(year: int, birthday: str) -> date:
    month, day = (int(part) for part in birthday.split("-"))
    try:
        return date(year, month, day)
    except ValueError:  # 02-29 in a common year
        return date(year, 2, 28)


def _days_to_birthday(birthday: str, today: date) -> int:
    this_year = _birthday_in(today.year, birthday)
    following = this_year if this_year >= today else _birthday_in(today.year + 1, birthday)
    return (following - today).days


def number(leaf: Json, cart: Cart, state: State) -> int | None:  # noqa: PLR0911
    """The number that a numeric leaf looks at; None where the member, or his date, is unknown."""
    fact = leaf["fact"]
    if fact in OF_CART:
        units = cart.all_in(leaf.get("scope") or {}, state)
        if fact == "quantity":
            return len(units)
        if fact == "distinct_skus":
            return len({unit.line["sku"] for unit in units})
        if leaf.get("basis", "current") == "initial":
            return sum(unit.initial for unit in units)
        return sum(state.amounts[unit.index] for unit in units)
    member = cart.member
    if member is None:
        return None
    if fact in ("member.orders", "member.spent"):
        return int(member.get(fact.removeprefix("member.")) or 0)
    if fact == "member.days_since_join":
        joined = member.get("joined_on")
        return None if joined is None else (cart.today - date.fromisoformat(joined)).days
    birthday = member.get("birthday")
    return None if birthday is None else _days_to_birthday(birthday, cart.today)


def leaf_holds(leaf: Json, cart: Cart, state: State) -> bool:
    """One leaf. About a member who is not there it is false, but for `member.present eq false`."""
    fact, op, value = leaf["fact"], leaf["op"], leaf["value"]
    if fact in OF_CART or fact in MEMBER_NUMBERS:
        known = number(leaf, cart, state)
        return known is not None and COMPARE[op](known, value)
    if fact == "member.present":
        return bool((cart.member is not None) == value)
    if fact.startswith("member."):
        return cart.member is not None and _member_holds(leaf, cart.member, cart)
    return _text_holds(cart.facts.get(fact), op, value)


def _member_holds(leaf: Json, member: Json, cart: Cart) -> bool:
    fact, op, value = leaf["fact"], leaf["op"], leaf["value"]
    if fact == "member.is_birthday":
        birthday = member.get("birthday")
        return bool((birthday is not None and _days_to_birthday(birthday, cart.today) == 0) == value)
    if fact == "member.tier":
        return _text_holds(member.get("tier"), op, value)
    has = set(member.get(fact.removeprefix("member.")) or [])
    return {"any_of": bool(has & set(value)), "all_of": has >= set(value), "none_of": not has & set(value)}[op]


def _text_holds(text: str | None, op: str, value: Any) -> bool:
    if op == "not_in":
        return text is None or text not in value
    return text is not None and (text == value if op == "eq" else text in value)


def holds(condition: Json | None, cart: Cart, state: State, granted: Json | None = None) -> bool:
    """The whole of `when`; `granted` is a leaf (that very object) taken as true."""
    if condition is None or condition is granted:
        return True
    if "all" in condition:
        return all(holds(part, cart, state, granted) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, cart, state, granted) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], cart, state, granted)
    return leaf_holds(condition, cart, state)


def leaves(condition: Json) -> list[Json]:
    """The leaves in reading order."""
    if "not" in condition:
        return leaves(condition["not"])
    parts = condition.get("all") or condition.get("any")
    return [leaf for part in parts for leaf in leaves(part)] if parts else [condition]


def gap(condition: Json | None, cart: Cart, state: State) -> Json | None:
    """What a cart that misses `condition` lacks: the first leaf upward that alone would do."""
    for leaf in leaves(condition) if condition else []:
        if leaf["op"] not in ("gte", "gt") or leaf_holds(leaf, cart, state):
            continue
        known = number(leaf, cart, state)
        if known is not None and holds(condition, cart, state, granted=leaf):
            return {"fact": leaf["fact"], "missing": leaf["value"] - known + (leaf["op"] == "gt")}
    return None
