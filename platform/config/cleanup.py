"""Clearing up: what a killed `laxin up` left running, and the data when it is no longer wanted."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from config import run_state
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.process import Lock
from config.home import HomeError, find_strangers


def stop_leftovers(home: Path) -> None:
    """Stop web, worker and beat of a supervisor that was killed; PostgreSQL and Valkey look after themselves."""
    children = {int(pid): started for pid, started in run_state.read(home).get("children", {}).items()}
    for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        alive = [pid for pid, started in children.items() if run_state.process_started(pid) == started]
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                if number == signal.SIGKILL:
                    os.killpg(pid, number)
                else:
                    os.kill(pid, number)
        deadline = time.monotonic() + patience
        while any(run_state.process_started(pid) == children[pid] for pid in alive) and time.monotonic() < deadline:
            time.sleep(0.05)
    run_state.remove(home)


def delete_home(home: Path) -> list[Path]:
    """Delete all data of this installation; the folders that were deleted.

    Raise HomeError where Laxin runs on it, or where the folder was not made by Laxin.
    """
    if not home.exists():
        return []
    if strangers := find_strangers(home):
        raise HomeError(f"{home} holds other things than Laxin's ({', '.join(strangers[:3])}): it is not deleted.")
    lock = Lock(home / "lock")
    if not lock.acquire():
        raise HomeError("Laxin runs on this data. Stop it first: make down")
    try:
        stop_leftovers(home)
        postgres = EmbeddedPostgres(home)
        folders = [home, *({postgres.data.parent} - {home.resolve()})]
        deleted = [folder for folder in folders if folder.exists()]
        postgres.remove()
        shutil.rmtree(home)
    finally:
        lock.release()
    return deleted
