"""Documents are parsed, limited and validated once; the result is kept by the hash of the text."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from graphql import DocumentNode, GraphQLSchema, GraphQLSyntaxError, parse, validate

from storefront_api.errors import RequestRefused
from storefront_api.limits import MAX_QUERY_LENGTH, MAX_TOKENS, check_document

MAX_CACHED_CHARACTERS = 500_000  # of text; parsed, each takes some fifty bytes
MAX_SHOWN_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can run. `costs` by the names of its operations."""

    node: DocumentNode
    costs: Mapping[str, int]

    def get_cost(self, operation: str | None) -> int:
        """What running `operation` costs; None is the only one, and one that is unknown will not run."""
        return self.costs.get(operation or "") or max(self.costs.values(), default=0)


class _Cache:
    """The documents used last, up to a total length."""

    def __init__(self) -> None:
        self._documents: OrderedDict[bytes, tuple[Document, int]] = OrderedDict()
        self._length = 0
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Document | None:
        with self._lock:
            found = self._documents.get(key)
            if found is None:
                return None
            self._documents.move_to_end(key)
            return found[0]

    def put(self, key: bytes, document: Document, length: int) -> None:
        with self._lock:
            if key not in self._documents:
                self._documents[key] = (document, length)
                self._length += length
            while self._length > MAX_CACHED_CHARACTERS:
                _key, (_document, dropped) = self._documents.popitem(last=False)
                self._length -= dropped


_cache = _Cache()


def get_document(schema: GraphQLSchema, text: str) -> Document:
    """Return the parsed and valid document. Raises `RequestRefused` (400) for one that cannot run."""
    if len(text) > MAX_QUERY_LENGTH:
        raise RequestRefused("QUERY_TOO_COSTLY", _("The document is too long."))
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    document = _cache.get(key)
    if document is None:
        document = _prepare(schema, text)
        _cache.put(key, document, len(text))
    return document


def _prepare(schema: GraphQLSchema, text: str) -> Document:
    try:
        document = parse(text, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if "Parsing aborted" in error.message:
            raise RequestRefused("QUERY_TOO_COSTLY", _("The document has too many tokens.")) from None
        raise RequestRefused("GRAPHQL_PARSE_FAILED", error.message) from None
    except RecursionError:
        raise RequestRefused("QUERY_TOO_COSTLY", _("The document is nested too deeply.")) from None
    costs = check_document(document)
    errors = validate(schema, document, max_errors=MAX_SHOWN_ERRORS)
    if errors:
        raise RequestRefused(
            "GRAPHQL_VALIDATION_FAILED", "; ".join(error.message for error in errors[:MAX_SHOWN_ERRORS])
        )
    return Document(document, costs)
