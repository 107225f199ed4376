"""`laxin price` and `laxin explain`: quotes on the command line, without a database or Django."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple, TextIO

from promotions.engine.explain import explain
from promotions.engine.facts import parse_facts
from promotions.engine.faults import Fault, InvalidInput
from promotions.engine.ruleset import Ruleset
from promotions.engine.texts import LANGUAGES

INVALID = 2


class Row(NamedTuple):
    """One document of facts, or why it could not be read; `number` is its row in NDJSON, from 1."""

    number: int | None
    document: Any
    fault: Fault | None


def main(argv: Sequence[str] | None = None) -> int:
    """Print the quote of every document of facts as JSON, one a line for NDJSON.

    Returns 0, or 2 when any input is invalid; standard error then holds a JSON list of every fault found, while the
    rows in order still have their quotes.
    """
    options = _parser("price", "Price carts with promotions, and say why.").parse_args(argv)

    def show(rules: Ruleset, row: Row) -> str:
        quote = rules.price(row.document, explain=True)
        return json.dumps(quote.to_json(), indent=2 if row.number is None else None)

    return _run(options, show)


def explain_main(argv: Sequence[str] | None = None) -> int:
    """Print the quote of every document of facts as text; faults and exit codes as in `main`."""
    parser = _parser("explain", "Price carts, and say in words what applied, what did not, and what is missing.")
    parser.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0], help="of the text (default zh-Hans)")
    options = parser.parse_args(argv)

    def show(rules: Ruleset, row: Row) -> str:
        text = explain(rules, parse_facts(row.document), options.language)
        return text if row.number is None else f"{text}\n"

    return _run(options, show)


def _run(options: argparse.Namespace, show: Callable[[Ruleset, Row], str]) -> int:
    faults: list[dict[str, Any]] = []
    rules = _rules(options.promotions, options.policy, faults, strict=options.strict)
    for row in _rows(options.facts):
        try:
            if row.fault is not None:
                raise InvalidInput([row.fault])
            if rules is None:
                parse_facts(row.document)  # its faults are wanted all the same
                continue
            shown = show(rules, row)
        except InvalidInput as invalid:
            where = {} if row.number is None else {"row": row.number}
            faults += [{**fault.to_json(), **where} for fault in invalid.faults]
        else:
            _print(shown, sys.stdout)
    if faults:
        _print(json.dumps(faults, indent=2), sys.stderr)
        return INVALID
    return 0


def _print(text: str, stream: TextIO) -> None:
    """Print also where the terminal lacks a character, or the text has half of one."""
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"laxin {command}", description=description)
    parser.add_argument("--promotions", required=True, metavar="P.json", help="a JSON list of promotions")
    parser.add_argument(
        "--facts", required=True, metavar="F.json", help="the facts of a cart; .ndjson or - for one cart a line"
    )
    parser.add_argument("--policy", metavar="POLICY.json", help="the policy; without it the default one")
    parser.add_argument("--strict", action="store_true", help="refuse also promotions that can never have an effect")
    return parser


def _rules(promotions: str, policy: str | None, faults: list[dict[str, Any]], *, strict: bool) -> Ruleset | None:
    rows = {"/promotions": _read(promotions, "/promotions")}
    if policy is not None:
        rows["/policy"] = _read(policy, "/policy")
    unread = [row.fault for row in rows.values() if row.fault is not None]
    faults += [fault.to_json() for fault in unread]
    try:
        # What could not be read stands as the harmless default while the other document is judged.
        documents = {path: row.document for path, row in rows.items() if row.fault is None}
        rules = Ruleset.compile(documents.get("/promotions", []), documents.get("/policy"), strict=strict)
    except InvalidInput as invalid:
        faults += [fault.to_json() for fault in invalid.faults]
        return None
    return None if unread else rules


def _rows(source: str) -> Iterator[Row]:
    if source == "-":
        yield from _lines_of(sys.stdin.buffer)
    elif source.endswith(".ndjson"):
        try:
            with FilePath(source).open("rb") as stream:
                yield from _lines_of(stream)
        except OSError as error:
            yield Row(None, None, _unreadable(source, "/facts", error))
    else:
        yield _read(source, "/facts")


def _lines_of(stream: Any) -> Iterator[Row]:
    for number, line in enumerate(stream, start=1):
        if line.strip():
            yield _decoded(line, "/facts", number)


def _read(source: str, path: str) -> Row:
    try:
        content = FilePath(source).read_bytes()
    except OSError as error:
        return Row(None, None, _unreadable(source, path, error))
    return _decoded(content, path, None)


def _unreadable(source: str, path: str, error: OSError) -> Fault:
    return Fault(path, "FORMAT", f"cannot read {source}: {error.strerror or error}")


def _decoded(content: bytes, path: str, number: int | None) -> Row:
    try:
        return Row(number, json.loads(content), None)
    except (ValueError, RecursionError) as error:
        return Row(number, None, Fault(path, "FORMAT", f"is not JSON: {error}"))


if __name__ == "__main__":
    sys.exit(main())
