"""What differs between two documents, as a list of places."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple


class Change(NamedTuple):
    """A place (JSON Pointer) that was added, removed or replaced; `before` and `after` are what stood and stands."""

    op: Literal["add", "remove", "replace"]
    path: str
    before: Any = None
    after: Any = None

    def to_json(self) -> dict[str, Any]:
        """As an operation of JSON Patch, with what stood there before as `from_value`."""
        document = {"op": self.op, "path": self.path}
        if self.op != "add":
            document["from_value"] = self.before
        if self.op != "remove":
            document["value"] = self.after
        return document


def diff_documents(before: Any, after: Any) -> list[Change]:
    """The changes that make `after` of `before`, in the order of their places.

    Objects differ key by key, lists of objects entry by entry. A list of plain values is one value: codes that were
    given out are read as a whole.
    """
    return list(_changes("", before, after))


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            place = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in after:
                yield Change("remove", place, before[key])
            elif key not in before:
                yield Change("add", place, None, after[key])
            else:
                yield from _changes(place, before[key], after[key])
    elif _is_of_objects(before) and _is_of_objects(after):
        for number, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from _changes(f"{path}/{number}", old, new)
        for number in range(len(before), len(after)):
            yield Change("add", f"{path}/{number}", None, after[number])
        for number in reversed(range(len(after), len(before))):  # the last first, as a patch must
            yield Change("remove", f"{path}/{number}", before[number])
    elif type(before) is not type(after) or before != after:  # true is no 1
        yield Change("replace", path, before, after)


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)
