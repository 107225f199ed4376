"""Texts derived from names: what is searched, slugs, category paths. Pure.

Trigrams know words; Chinese has no spaces between them. So each Chinese character is made a word of its own, in the
stored text and in the query alike: a query of one character is then found by index too.
"""

import re
import unicodedata
from collections.abc import Iterable

from django.utils.text import slugify

MAX_SEARCH_WORDS = 8
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W_]+")


def normalize_words(text: str) -> str:
    """Return the words of a text, folded to lower case and one form of each character, joined by single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(_IDEOGRAPH.sub(r" \g<0> ", folded)))


def build_search_text(*, name: str, brand: str, skus: Iterable[str], barcodes: Iterable[str | None]) -> str:
    """Return what a product is found by; a space at either end makes the start of each word look alike."""
    parts = [name, brand, *skus, *(barcode for barcode in barcodes if barcode)]
    return f" {normalize_words(' '.join(parts))} "


def split_search(search: str) -> list[str]:
    """Return the normalized terms of a query, at most eight. What stands between spaces is one term (a phrase)."""
    terms = dict.fromkeys(normalize_words(term) for term in search.replace("\x00", "").split())
    return [term for term in terms if term][:MAX_SEARCH_WORDS]


def make_slug(name: str, *, limit: int) -> str:
    """Return a slug made from a name, letters of any script kept; `item` where nothing is left of it."""
    return slugify(name, allow_unicode=True)[:limit].strip("-_") or "item"


def list_ancestor_paths(path: str | None) -> tuple[str, ...]:
    """Return the paths from the root down to `path` itself; nothing for None."""
    if not path:
        return ()
    slugs = path.split("/")
    return tuple("/".join(slugs[: depth + 1]) for depth in range(len(slugs)))
