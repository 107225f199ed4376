"""What a running `laxin up` tells the other commands: `run.json` in LAXIN_HOME.

The file is believed only while the process that wrote it lives: a killed one leaves it behind.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "run.json"


def process_started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where it does not run.

    With the pid it names a process for good: pids are used again. Where there is no /proc a living process answers 0.
    """
    fields = _read_stat(pid)
    if fields is None:
        return 0 if not Path("/proc/self").exists() and _is_alive(pid) else None
    return int(fields[19])


def process_parent(pid: int) -> int | None:
    """The parent of a process; None where it does not run or cannot be asked."""
    fields = _read_stat(pid)
    return int(fields[1]) if fields else None


def _read_stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None for the dead, the unburied and where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write(home: Path, state: Mapping[str, Any]) -> None:
    """Write `state` for this process in one step; the file holds passwords, so only its owner may read it."""
    document = {"pid": os.getpid(), "started": process_started(os.getpid()), **state}
    draft = home / f".{FILE}.{secrets.token_hex(8)}"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(document, file, indent=1)
    draft.replace(home / FILE)


def read(home: Path) -> dict[str, Any]:
    """What was last written, by a living process or not; empty where there is nothing readable."""
    try:
        document = json.loads((home / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def read_running(home: Path) -> dict[str, Any]:
    """What a `laxin up` that runs now has written; empty where none runs."""
    document = read(home)
    pid = document.get("pid")
    if not isinstance(pid, int) or process_started(pid) != document.get("started"):
        return {}
    return document


def remove(home: Path) -> None:
    """Forget the state of this installation."""
    (home / FILE).unlink(missing_ok=True)
