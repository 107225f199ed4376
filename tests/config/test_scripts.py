"""The scripts that make a checkout usable, on machines that lack what they look for."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
BROKEN_SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"
FAKE_UV = """#!/bin/sh
case "$1" in
    --version) echo "uv {version} (fake)" ;;
    sync)
        shift
        echo "$@" > sync-arguments
        mkdir -p .venv/bin
        ln -sf /bin/true .venv/bin/python
        ln -sf /bin/true .venv/bin/laxin ;;
esac
"""
FAKE_PYTHON = """#!/bin/sh
case "$2" in
    *version_info*) exit 0 ;;
    *) echo /opt/python-3.13 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing but what bootstrap reads, and a PATH of its own in `bin`."""
    for name in ("pyproject.toml", "uv.lock", ".python-version"):
        shutil.copy(SCRIPTS.parent / name, tmp_path / name)
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPTS / "bootstrap", tmp_path / "scripts" / "bootstrap")
    (tmp_path / "bin").mkdir()
    return tmp_path


def add_command(checkout: Path, name: str, text: str) -> None:
    path = checkout / "bin" / name
    path.write_text(text)
    path.chmod(0o755)


def bootstrap(checkout: Path) -> "subprocess.CompletedProcess[str]":
    environ = {"PATH": f"{checkout}/bin:/usr/bin:/bin", "HOME": str(checkout), "PYENV_ROOT": str(checkout / "no-pyenv")}
    return subprocess.run(
        [str(checkout / "scripts" / "bootstrap")], env=environ, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_working_uv_gets_the_python_that_works_and_once_is_enough(checkout: Path) -> None:
    add_command(checkout, "uv", FAKE_UV.format(version="0.13.9"))
    for name in ("python3.12", "python3"):
        add_command(checkout, name, BROKEN_SHIM)
    add_command(checkout, "python3.13", FAKE_PYTHON)

    first = bootstrap(checkout)

    assert first.returncode == 0, first.stderr
    assert (checkout / "sync-arguments").read_text() == "--frozen --python /opt/python-3.13\n"
    (checkout / "sync-arguments").unlink()

    again = bootstrap(checkout)

    assert (again.returncode, again.stderr) == (0, "")
    assert not (checkout / "sync-arguments").exists()

    with (checkout / "uv.lock").open("a") as lock:
        lock.write("# changed\n")
    assert bootstrap(checkout).returncode == 0
    assert (checkout / "sync-arguments").exists()


@pytest.mark.parametrize("uv", [None, BROKEN_SHIM, FAKE_UV.format(version="0.4.30")])
def test_without_a_usable_uv_and_python_it_says_what_to_install(checkout: Path, uv: str | None) -> None:
    if uv:
        add_command(checkout, "uv", uv)
    for name in ("python3.12", "python3.13", "python3", "python"):
        add_command(checkout, name, BROKEN_SHIM)

    result = bootstrap(checkout)

    assert result.returncode == 1
    assert "Python 3.12 or 3.13 is needed, or uv" in result.stderr
    assert not (checkout / ".venv").exists()


def test_uv_alone_fetches_its_own_python(checkout: Path) -> None:
    add_command(checkout, "uv", FAKE_UV.format(version="0.13.9"))
    for name in ("python3.12", "python3.13", "python3", "python"):
        add_command(checkout, name, BROKEN_SHIM)

    assert bootstrap(checkout).returncode == 0
    assert (checkout / "sync-arguments").read_text() == "--frozen\n"


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (
            "1000",
            "as root: sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends chromium-headless",
        ),
        ("0", "chromium-headless-shell could not be installed. Try: apt-get update && apt-get install --yes"),
    ],
)
def test_a_missing_browser_names_the_command_that_installs_it(tmp_path: Path, user: str, message: str) -> None:
    result = ensure_chromium(tmp_path, user=user)

    assert result.returncode == 1
    assert message in result.stderr


@pytest.mark.parametrize("user", ["1000", "0"])
def test_another_browser_is_enough_where_none_can_be_installed(tmp_path: Path, user: str) -> None:
    assert ensure_chromium(tmp_path, user=user, chromium="echo Chromium 156").returncode == 0
    assert ensure_chromium(tmp_path, user=user, chromium="exit 1").returncode == 1


def ensure_chromium(folder: Path, *, user: str, **programs: str) -> "subprocess.CompletedProcess[str]":
    """Run it as that user on a machine without network that has `programs` (name and what it does)."""
    for name in ("sh", "mktemp", "tail", "rm"):
        if not (folder / name).exists():
            (folder / name).symlink_to(shutil.which(name) or name)
    for name, does in {"id": f"echo {user}", "apt-get": "echo offline; exit 100", **programs}.items():
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        [str(SCRIPTS / "ensure-chromium")], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


def test_make_help_lists_every_target() -> None:
    result = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=SCRIPTS.parent, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip

    assert [line.split()[1] for line in result.stdout.splitlines()] == [
        "help", "up", "down", "test", "soak", "mutation", "lint", "bench", "clean", "env",
    ]  # fmt: skip
