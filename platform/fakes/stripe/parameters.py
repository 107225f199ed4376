"""Request parameters: the bracket form of Stripe's bodies, and what each operation takes.

An operation declares its parameters as words: `name`, `name:type`, `name!` (required), nested `recurring.interval`,
lists `items[].price`, free keys `metadata.*`. Types: `int`, `bool`, `time` (int or the word "now"), or the allowed
words, `month|year`. Without a type it is text. Whatever was not declared is refused as Stripe refuses unknown names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fakes.stripe.errors import StripeFault

ALWAYS = "expand[]"
PAGING = "limit:int starting_after ending_before"
RANGES = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True)
class Parameter:
    """One declared parameter."""

    path: str
    type: str
    required: bool


def declare(words: str) -> dict[str, Parameter]:
    """The parameters that `words` declares, by path."""
    declared = {}
    for word in [*words.split(), ALWAYS]:
        path, _, kind = word.partition(":")
        required = path.endswith("!")
        path = path.removesuffix("!")
        declared[path] = Parameter(path, kind or "text", required)
    return declared


def created_range(name: str = "created") -> str:
    """The words of a filter by time, `created[gte]`."""
    return " ".join(f"{name}.{bound}:int" for bound in RANGES)


def parse(body: str, declared: Mapping[str, Parameter]) -> dict[str, Any]:
    """The parameters of a form body as nested dicts and lists, typed. Raise StripeFault for the first wrong one."""
    tree: dict[str, Any] = {}
    for name, text in parse_qsl(body, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        path = _path(keys)
        parameter = declared.get(path) or declared.get(path.rpartition(".")[0] + ".*")
        if parameter is None:
            if text == "" and any(known.startswith((f"{path}.", f"{path}[]")) for known in declared):
                _put(tree, keys, "")  # an empty string empties a hash or a list
                continue
            raise StripeFault(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        _put(tree, keys, _typed(name, text, parameter))
    for parameter in declared.values():
        if parameter.required and parameter.path not in tree:
            raise StripeFault(
                f"Missing required param: {parameter.path}.", code="parameter_missing", param=parameter.path
            )
    return {name: _listed(value) for name, value in tree.items()}


def _path(keys: list[str]) -> str:
    path = keys[0]
    for key in keys[1:]:
        path += "[]" if key.isdigit() or key == "" else f".{key}"
    return path


def _put(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    for index, key in enumerate(keys[:-1]):
        below = tree.setdefault(key or str(len(tree)), {})
        if not isinstance(below, dict):
            raise StripeFault(f"Invalid {keys[0]}", code="parameter_invalid", param=keys[0])
        tree = below
        if keys[index + 1] == "":
            keys[index + 1] = str(len(tree))
    tree[keys[-1]] = value


def _listed(value: Any) -> Any:
    """Hashes with numbers for keys are lists."""
    if not isinstance(value, dict):
        return value
    value = {key: _listed(each) for key, each in value.items()}
    if value and all(key.isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return value


def _typed(name: str, text: str, parameter: Parameter) -> Any:
    if parameter.type == "text":
        return text
    if text == "":
        return ""
    if parameter.type == "bool":
        if text not in {"true", "false"}:
            raise StripeFault(f"Invalid boolean: {text}", param=name)
        return text == "true"
    if parameter.type == "int" or (parameter.type == "time" and text != "now"):
        if not re.fullmatch(r"-?\d{1,15}", text):
            raise StripeFault(f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
        return int(text)
    if parameter.type != "time" and text not in parameter.type.split("|"):
        allowed = ", ".join(parameter.type.split("|"))
        raise StripeFault(f"Invalid {name}: must be one of {allowed}", param=name)
    return text


def flag(parameters: Mapping[str, Any], name: str) -> bool:
    """A boolean parameter; absent is false."""
    return parameters.get(name) is True
