"""A failing case made small: whatever can go without curing it, goes."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from .generator import Case


def smaller(value: Any) -> Iterator[Any]:
    """The value with one thing less, from the top down."""
    if isinstance(value, dict):
        yield from _smaller_object(value)
    elif isinstance(value, list):
        for position in range(len(value)):
            yield value[:position] + value[position + 1 :]
        for position, inner in enumerate(value):
            for less in smaller(inner):
                yield [*value[:position], less, *value[position + 1 :]]
    elif isinstance(value, int) and not isinstance(value, bool):
        if value > 1:
            yield 1
        rounded = value // 1000 * 1000
        if 0 < rounded < value:
            yield rounded


def _smaller_object(value: dict[str, Any]) -> Iterator[Any]:
    for key in value:
        yield {other: kept for other, kept in value.items() if other != key}
    for inner in value.values():
        if len(value) == 1 and isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], dict):
            yield inner[0]  # {"all": [one]} → one
    for key, inner in value.items():
        for less in smaller(inner):
            yield {**value, key: less}


def shrink(case: Case, fails: Callable[[Case], bool]) -> Case:
    """The smallest case found that `fails` still."""
    document: list[Any] = copy.deepcopy([case.facts, case.promotions, case.policy])
    progress = True
    while progress:
        progress = False
        for less in smaller(document):
            if len(less) == 3 and fails(Case(*copy.deepcopy(less))):
                document, progress = less, True
                break
        if document[2] and fails(Case(document[0], document[1], None)):
            document, progress = [document[0], document[1], None], True
    return Case(*document)
