#!/usr/bin/env python
"""Does some test notice when a line of the promotion engine is changed? Goes on where it was; see docs/mutation.md.

mutmut makes the mutants (one small change of one function each). They are run here and not by `mutmut run`, because
that collects all tests again for each: here one pytest session, without Django and its database, has collected them and
forks for each mutant. The fork swaps the code of the function and runs the tests that reach it, those first that killed
others of its mutants, until one fails.
"""

import gc
import json
import os
import re
import resource
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import unified_diff
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, TextIO

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.file_mutation import compute_function_hashes, mutate_file_contents
from mutmut.mutation.trampoline_templates import CLASS_NAME_SEPARATOR, trampoline_imports

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "platform/promotions/engine"
KEPT = ROOT / ".laxin/mutation"
REPORT = ROOT / "docs/mutation.md"
TESTS = ("tests/promotions/engine", "tests/promotions/test_cases.py")
# Not run for every mutant: the oracle's own cases, other processes, and many random documents.
LEFT_OUT = re.compile(
    r"-oracle\]|to_the_letter|test_hostile|test_best_is_the_best_of_all|documents_fit_their_schemas|quotes_fit_their"
    r"|nested_to_any_depth|needs_no_django|test_work"
)
PENDING, KILLED, SURVIVED, TIMEOUT = "pending", "killed", "survived", "timeout"
SECONDS_OF_A_TEST = 1.0  # of the processor; the slowest of them takes a twentieth of it
MEMORY = 2 << 30

type Status = dict[str, dict[str, Any]]  # by function: the hash of its code, and what became of its mutants by number


class Mutated(NamedTuple):
    """A function that runs, and its mutants by their generated names."""

    function: FunctionType
    mutants: dict[str, Any]


def name_of(path: Path) -> str:
    """A module as the command and the report call it: `best`, `rewards.tiers`."""
    parts = path.relative_to(ENGINE).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(ENGINE.rglob("*.py"))}


class Loader(SourceFileLoader):
    """Loads a module of the engine with the mutants beside its functions; what runs are still the originals."""

    mutated: dict[str, dict[str, Mutated]] = {}

    def get_code(self, fullname: str) -> CodeType:
        code = mutate_file_contents(self.path, Path(self.path).read_text(encoding="utf-8")).code
        return compile(code.replace(trampoline_imports.strip(), ""), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        found = self.mutated[name_of(Path(self.path))] = {}

        def note(mutants: dict[str, Any], is_classmethod: bool = False) -> Callable[[FunctionType], FunctionType]:
            def keep(function: FunctionType) -> FunctionType:
                found[function.__qualname__] = Mutated(function, mutants)
                return function

            return keep

        vars(module).update(_mutmut_mutated=note, MutantDict=dict)
        super().exec_module(module)


class Finder:
    """Puts the loader before Python's own for the modules that are to be mutated."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = {".".join(path.relative_to(ROOT / "platform").with_suffix("").parts): path for path in paths}
        self.paths = {name.removesuffix(".__init__"): path for name, path in self.paths.items()}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        found = self.paths.get(name)
        if found is None:
            return None
        return spec_from_loader(name, Loader(name, str(found)), is_package=found.stem == "__init__")


def load_status(name: str) -> Status:
    """What is known about a module; functions that are new or have changed are left out."""
    path = KEPT / f"{name}.json"
    kept: Status = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {key: kept[key] for key, code in hashes(name).items() if kept.get(key, {}).get("code") == code}


def save_status(name: str, status: Status) -> None:
    (KEPT / f"{name}.json").write_text(json.dumps(status, ensure_ascii=False, indent=1), encoding="utf-8")


def hashes(name: str) -> dict[str, str]:
    """The functions of a module, `Class.method` among them, and hashes of their code."""
    found = compute_function_hashes(MODULES[name].read_text(encoding="utf-8"))
    return {re.sub(f"^x_|^x{CLASS_NAME_SEPARATOR}", "", key).replace(CLASS_NAME_SEPARATOR, "."): code
            for key, code in found.items()}  # fmt: skip


class Run:
    """The pytest plugin: in place of running the tests it runs the mutants."""

    def __init__(self, modules: Sequence[str], again: Sequence[str], seconds: float) -> None:
        self.modules = modules
        self.again = again  # statuses that are tried once more
        self.end = time.monotonic() + seconds
        self.costs: dict[int, float] = {}  # seconds of the tests, by their places
        self.reached: dict[str, list[int]] = {}  # by "module:function"

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [
            item
            for item in items
            if not LEFT_OUT.search(item.nodeid) and not getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = session.items
        self.look()
        print(f"{len(self.items)} tests, {sum(self.costs.values()):.1f} s", flush=True)
        gc.freeze()
        for name in self.modules:
            self.run_module(name)
        return True

    def look(self) -> None:
        """Which tests reach which functions, and how long they take: found in a fork, so that nothing stays behind."""
        functions = {
            mutated.function.__code__: f"{name}:{key}"
            for name, of_module in Loader.mutated.items()
            for key, mutated in of_module.items()
        }

        def work(pipe: TextIO) -> None:
            reached: dict[str, list[int]] = {key: [] for key in functions.values()}
            costs = []
            tool = sys.monitoring.COVERAGE_ID
            sys.monitoring.use_tool_id(tool, "mutation")
            place = 0

            def note(code: CodeType, offset: int) -> object:
                if code in functions:
                    reached[functions[code]].append(place)
                return sys.monitoring.DISABLE

            sys.monitoring.register_callback(tool, sys.monitoring.events.PY_START, note)
            sys.monitoring.set_events(tool, sys.monitoring.events.PY_START)
            for place, item in enumerate(self.items):  # noqa: B007 (note reads it)
                sys.monitoring.restart_events()
                began = time.process_time()
                if fails(item):
                    json.dump(item.nodeid, pipe)
                    return
                costs.append(time.process_time() - began)
            json.dump([costs, reached], pipe)

        answer = json.loads(forked(work)[1])
        if isinstance(answer, str):
            pytest.exit(f"without any mutant this test fails: {answer}", 1)
        self.costs = dict(enumerate(answer[0]))
        self.reached = answer[1]

    def run_module(self, name: str) -> None:
        status = load_status(name)
        codes = hashes(name)
        of_module = Loader.mutated.get(name, {})
        status |= {
            key: {
                "code": code,
                "mutants": dict.fromkeys(map(str, range(1, len(of_module[key].mutants))), PENDING)
                if key in of_module
                else {},
            }
            for key, code in codes.items()
            if key not in status
        }
        for key, entry in status.items():
            order = sorted(self.reached.get(f"{name}:{key}", ()), key=self.costs.__getitem__)
            for number, before in entry["mutants"].items():
                if before != PENDING and before not in self.again:
                    continue
                if time.monotonic() > self.end:
                    break
                entry["mutants"][number] = self.run_mutant(of_module[key], int(number), order)
                if entry["mutants"][number] != before:
                    save_status(name, status)
        save_status(name, status)
        print(line_of(name, counts(status)), flush=True)

    def run_mutant(self, mutated: Mutated, number: int, order: list[int]) -> str:
        """What becomes of one mutant. The test that kills it moves to the front of `order`."""
        function, mutants = mutated
        mutant = next(found for key, found in mutants.items() if key.endswith(f"__mutmut_{number}"))
        mutant = getattr(mutant, "__func__", mutant)

        def work(pipe: TextIO) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            function.__code__ = mutant.__code__
            function.__defaults__ = mutant.__defaults__
            function.__kwdefaults__ = mutant.__kwdefaults__
            for place in order:
                signal.setitimer(signal.ITIMER_PROF, SECONDS_OF_A_TEST)
                print(place, file=pipe, flush=True)
                if fails(self.items[place]):
                    os._exit(1)

        code, said = forked(work)
        if code == 0:
            return SURVIVED
        killer = int(said.split()[-1])
        order.remove(killer)
        order.insert(0, killer)
        return TIMEOUT if os.WIFSIGNALED(code) and os.WTERMSIG(code) == signal.SIGPROF else KILLED


def fails(item: pytest.Item) -> bool:
    """Whether a test fails. One without fixtures is simply called: all that pytest does around it takes longer."""
    if isinstance(item, pytest.Function):
        values = item.callspec.params if hasattr(item, "callspec") else {}
        if values.keys() == set(item._fixtureinfo.argnames):
            try:
                item.obj(**values)
            except BaseException:
                return True
            return False
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def forked(work: Callable[[TextIO], None]) -> tuple[int, str]:
    """Do it in a fork; its wait status, and what it wrote."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            with os.fdopen(write_end, "w", encoding="utf-8") as pipe:
                work(pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        said = pipe.read()
    return os.waitpid(pid, 0)[1], said


def counts(status: Status) -> Counter[str]:
    return Counter(outcome for entry in status.values() for outcome in entry["mutants"].values())


def row(name: str, found: Counter[str]) -> tuple[str, ...]:
    """Module, mutants, killed, timed out, survived, not run, score: mutants that hang are noticed, too."""
    run = found.total() - found[PENDING]
    score = f"{100 * (found[KILLED] + found[TIMEOUT]) / run:.1f} %" if run else "–"
    return (name, *(str(found[key]) for key in (KILLED, TIMEOUT, SURVIVED, PENDING)), str(found.total()), score)


HEAD = ("module", KILLED, "timed out", SURVIVED, "not run", "mutants", "score")


def line_of(name: str, found: Counter[str]) -> str:
    cells = zip(HEAD[1:], row(name, found)[1:], strict=True)
    return f"{name}: " + ", ".join(f"{title} {cell}" for title, cell in cells)


def whole() -> Counter[str]:
    return sum((counts(load_status(name)) for name in MODULES), Counter[str]())


def table() -> str:
    """The figures of all modules as Markdown."""
    rows = [row(name, found) for name in MODULES if (found := counts(load_status(name)))]
    cells = [HEAD, ("---", *["---:"] * 6), *rows, row("**all**", whole())]
    return "".join(f"| {' | '.join(each)} |\n" for each in cells)


def write_report() -> None:
    """Put the figures between the marks of docs/mutation.md."""
    text = REPORT.read_text(encoding="utf-8")
    before, start, rest = text.partition("<!-- figures -->\n")
    _, end, after = rest.partition("<!-- end -->")
    REPORT.write_text(before + start + table() + end + after, encoding="utf-8")


def show(name: str, outcome: str) -> None:
    """The changes that mutants of a module make, those with one outcome."""
    path = MODULES[name]
    mutated = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
    lines = mutated.code.splitlines()
    spans = mutated.line_span_by_function_name
    for key, entry in load_status(name).items():
        mangled = f"x{CLASS_NAME_SEPARATOR}{key.replace('.', CLASS_NAME_SEPARATOR)}" if "." in key else f"x_{key}"
        for number, found in entry["mutants"].items():
            if found != outcome:
                continue
            print(f"== {name}:{key} {number}")
            before, after = (
                [line.rstrip() for line in lines[span.start - 1 : span.end]]
                for span in (spans[f"{mangled}__mutmut_orig"], spans[f"{mangled}__mutmut_{number}"])
            )
            for line in unified_diff(before, after, lineterm="", n=0):
                if line[:2] not in ("--", "++", "@@") and "__mutmut_" not in line:
                    print(line)


def parse() -> Namespace:
    parser = ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="module", help="best, rewards.tiers, …: all unless given")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--survivors", action="store_true", help="run those again that survived, against new tests")
    parser.add_argument("--anew", action="store_true", help="forget what is known of these modules")
    parser.add_argument("--show", choices=(PENDING, KILLED, SURVIVED, TIMEOUT), help="print such mutants, run none")
    arguments = parser.parse_args()
    for name in arguments.modules:
        if name not in MODULES:
            parser.error(f"{name} is none of {', '.join(MODULES)}")
    arguments.modules = arguments.modules or list(MODULES)
    return arguments


def to_do(name: str, again: Sequence[str]) -> bool:
    status = load_status(name)
    found = counts(status)
    return status.keys() != hashes(name).keys() or any(found[key] for key in (PENDING, *again))


def main() -> int:
    arguments = parse()
    if arguments.show:
        for name in arguments.modules:
            show(name, arguments.show)
        return 0
    KEPT.mkdir(parents=True, exist_ok=True)
    if arguments.anew:
        for name in arguments.modules:
            save_status(name, {})
    again = (SURVIVED,) if arguments.survivors else ()
    modules = [name for name in arguments.modules if to_do(name, again)]
    code = 0
    if modules:
        sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
        sys.meta_path.insert(0, Finder([MODULES[name] for name in modules]))
        options = ["-qqs", "-c", os.devnull, "--rootdir=.", "--confcutdir=tests/promotions", "--import-mode=importlib",
                   "--disable-plugin-autoload", "-p", "no:cacheprovider", f"--basetemp={KEPT / 'tmp'}"]  # fmt: skip
        code = int(pytest.main([*options, *TESTS], plugins=[Run(modules, again, arguments.seconds)]))
    write_report()
    print(line_of("all", whole()))
    return code


if __name__ == "__main__":
    sys.exit(main())
