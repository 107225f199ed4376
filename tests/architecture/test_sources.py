"""Rules of the house that a reader would otherwise have to remember; docs/architecture.md says why."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.settings import ROOT

INTERFACES = frozenset({"backoffice", "bench", "console", "demo", "member_portal", "storefront_api", "website"})
DOMAIN = frozenset(
    {
        "archives", "billing", "branding", "catalog", "checkout", "coupons", "joining", "kernel", "members",
        "messaging", "onboarding", "promotions", "staff", "stock", "tenants",
    }
)  # fmt: skip
MAX_LINES = 600
CODE_SUFFIXES = frozenset({".py", ".html", ".ts", ".js", ".css"})

# The public row of a shop is the type of `request.shop` and `current_shop()`: every layer above may name it.
SHARED_MODELS = frozenset({("tenants.models", "Shop")})

# They hand the environment on to processes that they start, and read nothing from it.
HAND_ENVIRONMENT_ON = frozenset({"platform/config/cli.py", "platform/config/frontend_build.py"})


# Their packages are in the dependency group `demo`, which an installation may leave out.
OPTIONAL_PACKAGES = frozenset({"platform/demo/management/commands/demo.py"})


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, also those not yet committed, but not what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def product_modules() -> Iterator[tuple[str, str, ast.Module]]:
    """`(path, app, syntax tree)` of every module of the product."""
    for path in tracked("*.py"):
        parts = path.relative_to(ROOT).parts
        if parts[0] in {"tests", "scripts", "examples", "docs"}:
            continue
        app = parts[1] if parts[0] == "platform" else parts[0]
        yield "/".join(parts), app, ast.parse(path.read_text(), str(path))


def test_platform_is_no_package() -> None:
    """It would shadow the standard library's `platform`: celery, gunicorn and pytest would not start."""
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_no_app_is_named_like_a_module_of_the_standard_library() -> None:
    listed = {path.relative_to(ROOT / "platform").parts[0] for path in tracked("platform/*.py", "platform/*/*.py")}
    assert {name for name in listed if name in __import__("sys").stdlib_module_names} == set()


def test_files_are_at_most_600_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix in CODE_SUFFIXES and (lines := path.read_bytes().count(b"\n")) > MAX_LINES
    }
    assert long == {}


def test_every_app_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for app in sorted(INTERFACES | DOMAIN | {"config"})
        for path in [next(p for p in (ROOT / "platform" / app, ROOT / app) if p.is_dir()) / "__init__.py"]
        if not path.is_file() or ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_a_domain_app_imports_no_models_of_another_app() -> None:
    """`kernel` is a library: its rows are written through it, the relay in `tenants` reads them."""
    wrong = []
    for path, app, tree in product_modules():
        if app in INTERFACES or "/migrations/" in path:
            continue
        for node in ast.walk(tree):
            modules = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                if all((node.module, name.name) in SHARED_MODELS for name in node.names):
                    continue
                modules = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
            for module in modules:
                owner, _, rest = module.partition(".")
                foreign = owner in DOMAIN | INTERFACES and owner not in {app, "kernel"}
                if foreign and rest.split(".")[0] == "models":
                    wrong.append(f"{path}:{node.lineno} imports {module}")  # type: ignore[attr-defined]
    assert sorted(set(wrong)) == []


def test_only_config_env_reads_the_environment() -> None:
    wrong = []
    for path, _, tree in product_modules():
        if path == "platform/config/env.py" or path in HAND_ENVIRONMENT_ON:
            continue
        allowed = {
            id(node.func.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "setdefault"
            and isinstance(node.args[0], ast.Constant)
            and node.args[0].value == "DJANGO_SETTINGS_MODULE"
        }
        wrong += [
            f"{path}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr in {"environ", "getenv"}
            and id(node) not in allowed
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        ]
    assert wrong == []


def test_imports_stand_at_the_top_of_a_module() -> None:
    """An import inside a function hides a cycle. `config` may: `laxin price` must not wait for Django."""
    wrong = [
        f"{path}:{node.lineno}"
        for path, app, tree in product_modules()
        if app != "config" and path not in OPTIONAL_PACKAGES
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["tests", "platform", "tenants", "storefront_api", "member_portal"])
def test_the_rules_see_the_sources(name: str) -> None:
    """A rule that looks at no file passes whatever the files say."""
    assert len(tracked(f"{name}/*.py", f"{name}/**/*.py")) >= 5


def test_imports_go_down_only() -> None:
    result = subprocess.run([ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
