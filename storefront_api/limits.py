"""What a request may hold. Documents are counted before they are validated: that costs by the square of some counts.

Fields and depth are counted with fragments expanded. The counts of a fragment are worked out once, so a document that
spreads fragments into fragments a million times over is refused as fast as any other.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from django.utils.translation import gettext as _
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from storefront_api.errors import RequestRefused

MAX_BODY_BYTES = 1_000_000
MAX_QUERY_LENGTH = 20_000
MAX_TOKENS = 1_500
MAX_VARIABLE_VALUES = 5_000
MAX_DEPTH = 16  # the usual introspection query has 15
MAX_FIELDS = 400
MAX_ROOT_FIELDS = 15
MAX_ALIASES = 30
MAX_DIRECTIVES = 20
MAX_SAME_NAME = 5  # of one selection set: each pair of them is compared
MAX_DEFINITIONS = 20


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int
    fields: int
    root_fields: int


def check_variables(variables: Any) -> None:
    """Refuse variables with more values in them than any honest request has, or with NUL in a text."""
    seen, waiting = 0, [variables]
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MAX_VARIABLE_VALUES:
            raise _too_costly(_("The variables hold too many values."))
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            _check_text(value)


def check_document(document: DocumentNode) -> dict[str, int]:
    """Refuse a parsed document that is too deep, too wide or too repetitive. Raises `RequestRefused`.

    Returns what each of its operations costs: its fields, by its name ("" for one without).
    """
    if len(document.definitions) > MAX_DEFINITIONS:
        raise _too_costly(_("The document has too many operations and fragments."))
    costs = _Measure(document).check()
    token = document.loc.start_token if document.loc else None
    while token:
        _check_text(token.value or "")
        token = token.next
    return costs


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self.definitions = document.definitions
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.sizes: dict[str, _Size] = {}
        self.aliases = 0
        self.directives = 0

    def check(self) -> dict[str, int]:
        costs: dict[str, int] = {}
        for name in self.fragments:
            self._fragment(name, within=())
        for definition in self.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self.directives += len(definition.directives)
                size = self._selections(definition.selection_set, within=(), depth=1)
                _check(size)
                if definition.operation is OperationType.MUTATION and size.root_fields > 1:
                    raise RequestRefused("SEVERAL_MUTATIONS", _("Send one mutation a request."))
                if size.root_fields > MAX_ROOT_FIELDS:
                    raise _too_costly(_("The operation has too many root fields."))
                costs[definition.name.value if definition.name else ""] = size.fields
        return costs

    def _fragment(self, name: str, *, within: tuple[str, ...]) -> _Size:
        if name in self.sizes:
            return self.sizes[name]
        fragment = self.fragments.get(name)
        if fragment is None or name in within:  # unknown or circular: validation says so
            return _Size(0, 0, 0)
        size = self._selections(fragment.selection_set, within=(*within, name), depth=1)
        _check(size)
        self.sizes[name] = size
        return size

    def _selections(self, selections: SelectionSetNode, *, within: tuple[str, ...], depth: int) -> _Size:
        if depth > MAX_DEPTH:
            raise _too_costly(_("The document is nested too deeply."))
        deepest = fields = root_fields = 0
        names: Counter[str] = Counter()
        for selection in selections.selections:
            self.directives += len(selection.directives)
            if isinstance(selection, FieldNode):
                self.aliases += selection.alias is not None
                names[(selection.alias or selection.name).value] += 1
                root_fields += 1
                fields += 1
                below = _Size(0, 0, 0)
                if selection.selection_set:
                    below = self._selections(selection.selection_set, within=within, depth=depth + 1)
                deepest = max(deepest, below.depth + 1)
                fields += below.fields
                continue
            if isinstance(selection, FragmentSpreadNode):
                below = self._fragment(selection.name.value, within=within)
            else:
                below = self._selections(cast(InlineFragmentNode, selection).selection_set, within=within, depth=depth)
            deepest = max(deepest, below.depth)
            fields += below.fields
            root_fields += below.root_fields
        if self.aliases > MAX_ALIASES:
            raise _too_costly(_("The document has too many aliases."))
        if self.directives > MAX_DIRECTIVES:
            raise _too_costly(_("The document has too many directives."))
        if names and max(names.values()) > MAX_SAME_NAME:
            raise _too_costly(_("The document asks for the same field too often."))
        return _Size(deepest, fields, root_fields)


def _check_text(text: str) -> None:
    """As decoded: what is escaped twice shows only here. PostgreSQL keeps no text with NUL."""
    if "\0" in text:
        raise RequestRefused("BAD_REQUEST", _("Texts cannot hold the character NUL."))


def _check(size: _Size) -> None:
    if size.depth > MAX_DEPTH:
        raise _too_costly(_("The document is nested too deeply."))
    if size.fields > MAX_FIELDS:
        raise _too_costly(_("The document asks for too many fields."))


def _too_costly(message: str) -> RequestRefused:
    return RequestRefused("QUERY_TOO_COSTLY", message)
