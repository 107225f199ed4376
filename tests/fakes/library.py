"""What the stripe library says of Stripe's objects and parameters, read from its sources.

Its annotations name classes that it imports for type checkers alone, so they are read as syntax and not evaluated.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import stripe
from stripe import _object_classes

ROOT = Path(stripe.__file__).parent
LIST_FIELDS = {"object", "data", "has_more", "url"}
SCALARS: Mapping[str, tuple[type, ...]] = {"int": (int,), "str": (str,), "float": (int, float), "Decimal": (str,)}


@dataclass(frozen=True)
class Definition:
    """A class of the library: its syntax, those around it, and the module it is in."""

    node: ast.ClassDef
    outer: tuple[ast.ClassDef, ...]
    module: str

    @cache  # noqa: B019  the library's classes are few and stay
    def fields(self) -> dict[str, ast.expr]:
        """Annotated names."""
        return {
            each.target.id: each.annotation
            for each in self.node.body
            if isinstance(each, ast.AnnAssign)
            and isinstance(each.target, ast.Name)
            and "ClassVar" not in ast.unparse(each.annotation)
        }

    @cache  # noqa: B019
    def required(self) -> list[str]:
        """The names that every answer has."""
        return [name for name, node in self.fields().items() if not ast.unparse(node).startswith("Optional")]

    @cache  # noqa: B019
    def resolve(self, name: str) -> "Definition | None":
        """The class that `name` means here: a nested one, one of the module, or an imported one."""
        for depth, scope in enumerate(reversed((*self.outer, self.node))):
            for each in scope.body:
                if isinstance(each, ast.ClassDef) and each.name == name:
                    around = (*self.outer, self.node)[: len(self.outer) + 1 - depth]
                    return Definition(each, around, self.module)
        return find(self.module, name)


@cache
def _tree(module: str) -> ast.Module:
    path = ROOT.parent / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text())


@cache
def find(module: str, name: str) -> Definition | None:
    """A class of a module, or one that the module imports."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ClassDef) and node.name == name and node in _tree(module).body:
            return Definition(node, (), module)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe."):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return find(node.module, alias.name)
    return None


def definition_of(kind: str) -> Definition:
    """The class of an object by its `object`."""
    cls = _object_classes.get_object_class("V1", kind)
    found = find(cls.__module__, cls.__name__)
    assert found is not None, kind
    return found


def faults_of(value: Any, scope: Definition, path: str) -> Iterator[str]:
    """What is wrong with an object's fields, one sentence each."""
    fields = scope.fields()
    for name in value:
        if name not in fields:
            yield f"{path}.{name} is unknown to the library"
        else:
            yield from _check(value[name], fields[name], scope, f"{path}.{name}")
    for name in scope.required():
        if name not in value:
            yield f"{path}.{name} is missing"


def _check(value: Any, node: ast.expr, scope: Definition, path: str) -> Iterator[str]:  # noqa: PLR0912
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    if isinstance(node, ast.Subscript):
        outer, inner = ast.unparse(node.value).rpartition(".")[2], node.slice
        if outer == "Optional":
            if value is not None:
                yield from _check(value, inner, scope, path)
        elif outer == "Union":
            assert isinstance(inner, ast.Tuple)
            problems = [list(_check(value, each, scope, path)) for each in _strict(inner.elts)]
            if all(problems):
                yield problems[0][0]
        elif outer == "Literal":
            allowed = [ast.literal_eval(each) for each in (inner.elts if isinstance(inner, ast.Tuple) else [inner])]
            if value not in allowed:
                yield f"{path} is {value!r}, not one of {allowed}"
        elif outer == "ExpandableField":
            if not isinstance(value, str):
                yield from _check(value, inner, scope, path)
        elif outer in {"List", "list"}:
            if not isinstance(value, list):
                yield f"{path} is no list"
            else:
                for index, each in enumerate(value):
                    yield from _check(each, inner, scope, f"{path}[{index}]")
        elif outer == "ListObject":
            if (
                not isinstance(value, dict)
                or value.get("object") != "list"
                or not {"data", "has_more", "url"} <= set(value)
            ):
                yield f"{path} is no list object"
            else:
                for index, each in enumerate(value["data"]):
                    yield from _check(each, inner, scope, f"{path}.data[{index}]")
        elif not isinstance(value, dict):  # Dict, UntypedStripeObject
            yield f"{path} is no hash"
        return
    name = ast.unparse(node).rpartition(".")[2]
    if name == "bool":
        if not isinstance(value, bool):
            yield f"{path} is {value!r}, no bool"
    elif name in SCALARS:
        if isinstance(value, bool) or not isinstance(value, SCALARS[name]):
            yield f"{path} is {value!r}, no {name}"
    elif not isinstance(value, dict):
        yield f"{path} is {value!r}, no {name}"
    else:
        found = definition_of(value["object"]) if isinstance(value.get("object"), str) else scope.resolve(name)
        assert found is not None, f"{path}: {name}"
        yield from faults_of(value, found, path)


def _strict(alternatives: list[ast.expr]) -> list[ast.expr]:
    """`Union[Literal[…], str]` stands for words that may grow; we hold ourselves to those there are."""
    has_words = any(ast.unparse(each).startswith("Literal") for each in alternatives)
    return [each for each in alternatives if not (has_words and ast.unparse(each) == "str")]


@dataclass(frozen=True)
class Call:
    """One method of a service: how it is called and what it takes."""

    method: str
    path: str
    params: Definition | None


@cache
def list_calls() -> dict[tuple[str, str], Call]:
    """Every call of the library, by method and path with `{}` for identifiers."""
    calls = {}
    for file in [
        *ROOT.glob("*_service.py"),
        *ROOT.glob("checkout/*_service.py"),
        *ROOT.glob("billing_portal/*_service.py"),
    ]:
        module = ".".join(["stripe", *file.relative_to(ROOT).with_suffix("").parts])
        for node in ast.walk(_tree(module)):
            if isinstance(node, ast.FunctionDef) and (call := _read_call(node, module)):
                calls[call.method, call.path] = call
    return calls


def _read_call(function: ast.FunctionDef, module: str) -> Call | None:
    text = [each.value for each in ast.walk(function) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    method = next((each.upper() for each in text if each in {"get", "post", "delete"}), None)
    path = next((each for each in text if each.startswith("/v1/")), None)
    if method is None or path is None:
        return None
    params = next(
        (arg.annotation for arg in function.args.args if arg.arg == "params" and arg.annotation is not None), None
    )
    named = [
        each.value if isinstance(each, ast.Constant) else each.id
        for each in (ast.walk(params) if params is not None else ())
        if isinstance(each, ast.Constant | ast.Name)
    ]
    name = next((each for each in named if isinstance(each, str) and each.endswith("Params")), None)
    return Call(method, blank(path), find(module, name) if name else None)


def blank(path: str) -> str:
    """A path with its identifiers taken out."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def parameter_fault(params: Definition, path: str, kind: str) -> str | None:
    """Why the library would not know a declared parameter; None where it does."""
    here: list[ast.expr] = []
    scope = params
    for index, part in enumerate(path.replace("[]", ".[]").split(".")):
        if index == 0:
            fields = scope_fields(scope)
            if part not in fields:
                return f"{path}: no {part} in {scope.node.name}"
            here = list(_alternatives(fields[part]))
            continue
        if part == "[]":
            here = [inner for each in here for inner in _inside(each, {"List", "list"})]
        elif part == "*":
            here = [inner for each in here for inner in _inside(each, {"Dict", "UntypedStripeObject"})]
        else:
            below = [
                found for each in here if (found := scope.resolve(ast.unparse(each).rpartition(".")[2])) is not None
            ]
            matching = [found for found in below if part in scope_fields(found)]
            if not matching:
                return f"{path}: no {part} in {[found.node.name for found in below]}"
            scope = matching[0]
            here = list(_alternatives(scope_fields(scope)[part]))
        if not here:
            return f"{path}: {part} is not taken there"
    return _kind_fault(here, path, kind)


def _kind_fault(here: list[ast.expr], path: str, kind: str) -> str | None:
    names = {ast.unparse(each) for each in here}
    words = {
        ast.literal_eval(word)
        for each in here
        if isinstance(each, ast.Subscript) and ast.unparse(each.value).endswith("Literal")
        for word in (each.slice.elts if isinstance(each.slice, ast.Tuple) else [each.slice])
    }
    if kind == "text":
        return None if "str" in names or words or "UntypedStripeObject[str]" in names else f"{path} is no text: {names}"
    if kind in {"int", "time"}:
        return None if "int" in names else f"{path} is no int: {names}"
    if kind == "bool":
        return None if "bool" in names else f"{path} is no bool: {names}"
    unknown = set(kind.split("|")) - words
    return f"{path}: {unknown} are no words of the library's ({words})" if unknown else None


def scope_fields(definition: Definition) -> dict[str, ast.expr]:
    """The fields of a TypedDict, with those of its bases."""
    fields = definition.fields()
    for base in definition.node.bases:
        if isinstance(base, ast.Name) and (above := find(definition.module, base.id)):
            fields = {**scope_fields(above), **fields}
    return fields


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _alternatives(ast.parse(node.value, mode="eval").body)
    elif isinstance(node, ast.BinOp):
        yield from _alternatives(node.left)
        yield from _alternatives(node.right)
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) in {"NotRequired", "Optional", "Required"}:
        yield from _alternatives(node.slice)
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Union" and isinstance(node.slice, ast.Tuple):
        for each in node.slice.elts:
            yield from _alternatives(each)
    else:
        yield node


def _inside(node: ast.expr, names: set[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).rpartition(".")[2] in names:
        inner = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
        yield from _alternatives(inner)
