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
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        if Path("/proc/self").exists() or not _is_alive(pid):
            return None
        return 0
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


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
