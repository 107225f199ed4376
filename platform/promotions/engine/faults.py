"""Faults of a document, and the reader that finds every one of them in a single pass."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

MAX_INTEGER = 2**53 - 1  # what every JSON reader represents exactly

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Path(NamedTuple):
    """A place in a document, linked to its parent so that deep documents cost nothing until a fault is shown."""

    parent: "Path | None"
    key: str | int

    def __str__(self) -> str:
        keys: list[str] = []
        here: Path | None = self
        while here is not None:
            keys.append(str(here.key).replace("~", "~0").replace("/", "~1"))
            here = here.parent
        return "/" + "/".join(reversed(keys))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: `path` is a JSON Pointer, `code` is stable, `message` says what would be right."""

    path: str
    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"path": self.path, "code": self.code, "message": self.message}


class InvalidInput(ValueError):
    """A document that the engine refuses, with every fault found in it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults[:5]))
        self.faults = faults


class Reader:
    """Reads one JSON object key by key and notes faults instead of raising.

    Whatever is faulty reads as its default (or as a harmless stand-in), so that the caller can go on and find the
    rest; what was built must be thrown away when `faults` is not empty.
    """

    __slots__ = ("document", "faults", "is_object", "path")

    def __init__(self, document: object, path: Path | None, faults: list[Fault], keys: Collection[str]) -> None:
        self.path = path
        self.faults = faults
        self.document: dict[Any, Any] = {}
        self.is_object = isinstance(document, dict)
        if not isinstance(document, dict):
            self._note(path, "TYPE", "must be an object")
            return
        self.document = document
        for key in document:
            if key not in keys:
                self.fault(key, "UNKNOWN_KEY", f"unknown key; known are {', '.join(sorted(keys))}")

    def at(self, key: str | int) -> Path:
        return Path(self.path, key)

    def fault(self, key: str | int, code: str, message: str) -> None:
        self._note(self.at(key), code, message)

    def _note(self, path: Path | None, code: str, message: str) -> None:
        self.faults.append(Fault("" if path is None else str(path), code, message))

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self.document.get(key) is not None

    def require(self, key: str) -> bool:
        if key in self.document:
            return True
        if self.is_object:
            self.fault(key, "MISSING", "is required")
        return False

    def part(self, key: str, keys: Collection[str]) -> "Reader":
        """The reader of the required object under `key`."""
        if not self.require(key):
            return Reader({}, self.at(key), [], keys)  # one fault is enough for all that is not there
        return Reader(self.document[key], self.at(key), self.faults, keys)

    def integer(self, key: str, minimum: int, maximum: int = MAX_INTEGER, *, required: bool = False) -> int:
        if key not in self.document:
            if required:
                self.require(key)
            return 0
        return self.checked_integer(self.document[key], self.at(key), minimum, maximum)

    def checked_integer(self, value: object, path: Path, minimum: int, maximum: int) -> int:
        if type(value) is not int:
            self._note(path, "TYPE", "must be a whole number")
            return 0
        if not minimum <= value <= maximum:
            self._note(path, "RANGE", f"must be from {minimum} to {maximum}")
            return 0
        return value

    def optional_integer(self, key: str, minimum: int, maximum: int = MAX_INTEGER) -> int | None:
        return self.integer(key, minimum, maximum) if self.has(key) else None

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A non-empty text; null where it is not required."""
        if key not in self.document:
            if required:
                self.require(key)
            return None
        value = self.document[key]
        if value is None and not required:
            return None
        if not isinstance(value, str):
            self.fault(key, "TYPE", "must be a text")
        elif not value:
            self.fault(key, "EMPTY", "must not be empty")
        else:
            return value
        return None

    def choice[T: str](self, key: str, options: tuple[T, ...], *, default: T | None = None) -> T:
        """One of `options`; required when there is no default."""
        fallback = options[0] if default is None else default
        if key not in self.document:
            if default is None:
                self.require(key)
            return fallback
        value = self.document[key]
        if not isinstance(value, str):
            self.fault(key, "TYPE", "must be a text")
            return fallback
        for option in options:
            if option == value:
                return option
        self.fault(key, "VALUE", f"must be one of {', '.join(options)}")
        return fallback

    def flag(self, key: str) -> bool:
        value = self.document.get(key, False)
        if isinstance(value, bool):
            return value
        self.fault(key, "TYPE", "must be true or false")
        return False

    def items(self, key: str, *, required: bool = False, may_be_empty: bool = False) -> Iterator[tuple[Path, object]]:
        """The entries of a list with their places; an absent list has none."""
        if key not in self.document:
            if required:
                self.require(key)
            return
        value = self.document[key]
        if not isinstance(value, list):
            self.fault(key, "TYPE", "must be a list")
            return
        if not value and not may_be_empty:
            self.fault(key, "EMPTY", "must not be empty: leave the key out instead")
        path = self.at(key)
        for index, entry in enumerate(value):
            yield Path(path, index), entry

    def texts(self, key: str, *, required: bool = False, may_be_empty: bool = False) -> tuple[str, ...]:
        found = []
        for path, entry in self.items(key, required=required, may_be_empty=may_be_empty):
            if not isinstance(entry, str):
                self._note(path, "TYPE", "must be a text")
            elif not entry:
                self._note(path, "EMPTY", "must not be empty")
            else:
                found.append(entry)
        return tuple(found)

    def instant(self, key: str, *, required: bool = False) -> datetime | None:
        text = self.text(key, required=required)
        return self._parsed(key, text, _INSTANT, datetime.fromisoformat, "2026-11-21T18:30:00+08:00, with its offset")

    def day(self, key: str) -> date | None:
        return self._parsed(key, self.text(key), _DATE, date.fromisoformat, "2026-11-21")

    def _parsed[T](
        self, key: str, text: str | None, form: re.Pattern[str], parse: Callable[[str], T], example: str
    ) -> T | None:
        if text is None:
            return None
        if form.fullmatch(text):
            try:
                return parse(text)
            except ValueError:
                pass
        self.fault(key, "FORMAT", f"must look like {example}")
        return None
