#!/usr/bin/env python
"""Keep the Chinese translation in step with the sources, without GNU gettext.

    scripts/messages.py                  write locale/…/django.po (new texts, gone texts) and compile django.mo
    scripts/messages.py --missing        print the untranslated texts as JSON {text: ""}
    scripts/messages.py --merge FILE…    first take translations from JSON files {text: translation}
    scripts/messages.py --check          change nothing; exit 1 on missing, fuzzy, unused or broken texts or a stale .mo

English is the language of the sources, so only Chinese has a catalogue. Texts are found by Babel in Python files and in
what Django makes of its templates (`templatize`, as `makemessages` does).
"""

import argparse
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import templatize

ROOT = Path(__file__).resolve().parents[1]
PO = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"
FOLDERS = ("platform", "tenants", "billing", "storefront_api", "member_portal")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

type Key = tuple[str, str | None]
type Text = str | tuple[str, ...]


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--merge", nargs="+", type=Path, default=[], metavar="FILE")
    arguments = parser.parse_args()
    present = read_catalog(PO)
    found = find_texts(ROOT)
    if arguments.check:
        faults = [*check(found, present), *check_compiled(present, PO.with_suffix(".mo"))]
        for fault in faults:
            print(fault)
        print(f"{len(found)} texts, {len(faults)} faults")
        return 1 if faults else 0
    catalog = merge(found, present, read_translations(arguments.merge))
    if arguments.missing:
        print(json.dumps(dict.fromkeys(untranslated(catalog), ""), ensure_ascii=False, indent=1))
        return 0
    write(catalog, PO)
    print(f"{len(found)} texts, {len(untranslated(catalog))} untranslated: {PO.relative_to(ROOT)}")
    return 0


def find_texts(root: Path) -> dict[Key, Text]:
    """Every marked text below `root`: singular and context → the text, a pair where it has a plural."""
    texts: dict[Key, Text] = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in {".py", ".html", ".txt"} or "node_modules" in path.parts or not path.is_file():
                continue
            if path.suffix != ".py" and "templates" not in path.parts:
                continue
            try:
                for text, context in texts_of(path.read_text(encoding="utf-8"), is_template=path.suffix != ".py"):
                    singular = text if isinstance(text, str) else text[0]
                    if isinstance(text, tuple) or (singular, context) not in texts:
                        texts[singular, context] = text
            except SyntaxError as error:
                raise SystemExit(f"{path.relative_to(root)}: {error}") from error
    return texts


def texts_of(source: str, *, is_template: bool) -> Iterator[tuple[Text, str | None]]:
    """The marked texts of one file."""
    if is_template:
        # Words and tags become X's; without the indentation the rest reads as Python.
        source = "\n".join(line.strip() for line in templatize(source).splitlines())
    for _line, text, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        if text and any(text):
            yield text, context


def read_catalog(path: Path) -> Catalog:
    """The catalogue on disk, or an empty one."""
    if not path.exists():
        return Catalog(locale="zh_Hans", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def read_translations(paths: list[Path]) -> dict[str, str]:
    """Translations from JSON files; of two for the same text the later file's counts."""
    translations: dict[str, str] = {}
    for path in paths:
        translations.update(json.loads(path.read_text(encoding="utf-8")))
    return {text: translation for text, translation in translations.items() if translation}


def merge(found: dict[Key, Text], present: Catalog, translations: dict[str, str]) -> Catalog:
    """A catalogue of exactly the found texts, with the given translations, else those that were present.

    Chinese has one plural form, so one string translates both.
    """
    moment = datetime(2026, 1, 1, tzinfo=UTC)  # no real date: a run that changes nothing must leave no difference
    catalog = Catalog(
        locale="zh_Hans",
        project="Laxin",
        version="1",
        header_comment="# Written by scripts/messages.py; translations are edited here.",
        msgid_bugs_address="Laxin",
        last_translator="Laxin",
        language_team="Laxin",
        creation_date=moment,
        revision_date=moment,
        charset="utf-8",
        fuzzy=False,
    )
    for (singular, context), text in sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        old = present.get(singular, context)
        new = translations.get(singular, "")
        if not new and old is not None and not old.fuzzy and old.string:
            new = old.string if isinstance(old.string, str) else old.string[0]
        catalog.add(text, new if isinstance(text, str) else (new,), context=context)
    return catalog


def untranslated(catalog: Catalog) -> list[str]:
    """Singular forms of the texts without a translation."""
    return [_singular(message) for message in catalog if message.id and not _is_translated(message)]


def check(found: dict[Key, Text], present: Catalog) -> list[str]:
    """What is wrong with the catalogue, one sentence each."""
    known = {(_singular(message), message.context): message for message in present if message.id}
    faults = [f"missing in the catalogue, run scripts/messages.py: {key[0]!r}" for key in found if key not in known]
    faults += [f"no longer in the sources, run scripts/messages.py: {key[0]!r}" for key in known if key not in found]
    faults += [f"no longer in the sources, run scripts/messages.py: {key!r}" for key in present.obsolete]
    for key, message in known.items():
        if message.fuzzy:
            faults.append(f"fuzzy: {key[0]!r}")
        elif not _is_translated(message):
            faults.append(f"not translated: {key[0]!r}")
        faults += [f"{error}: {key[0]!r}" for error in message.check(present)]
    return faults


def check_compiled(present: Catalog, path: Path) -> list[str]:
    """Whether the .mo file says what the .po file says."""
    compiled = io.BytesIO()
    write_mo(compiled, present)
    is_fresh = path.exists() and path.read_bytes() == compiled.getvalue()
    return [] if is_fresh else [f"{path.name} is stale, run scripts/messages.py"]


def write(catalog: Catalog, po: Path) -> None:
    """Write the .po and the .mo file beside it."""
    po.parent.mkdir(parents=True, exist_ok=True)
    with po.open("wb") as file:
        write_po(file, catalog, width=120, no_location=True, ignore_obsolete=True)
    with po.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)


def _singular(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def _is_translated(message: Message) -> bool:
    strings = [message.string] if isinstance(message.string, str) else message.string or []
    return all(strings) and bool(strings)


if __name__ == "__main__":
    sys.exit(main())
