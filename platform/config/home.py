"""The folder LAXIN_HOME: data, secrets, logs and mail of one installation."""

import os
from pathlib import Path

MARKER = "laxin-home"
MARKER_TEXT = "Data of a Laxin installation. `make clean` deletes this folder because this file is in it.\n"
# What commands other than `laxin up` may put there first.
OWN_NAMES = frozenset({MARKER, "mail", "secret_key", "test-cache"})


class HomeError(ValueError):
    """The folder cannot be used; the message says why and what to do."""


def prepare_home(home: Path) -> None:
    """Make the folder and mark it as ours.

    Raise HomeError where it is another user's, cannot be made, or holds things that are not Laxin's.
    """
    try:
        # Under root PostgreSQL runs as another account, which must pass through; it cannot list or read.
        home.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
            raise HomeError(
                f"The folder {home} belongs to another user. Start Laxin as that user, or choose another LAXIN_HOME."
            )
        if not (home / MARKER).exists():
            strangers = find_strangers(home)
            if strangers:
                raise HomeError(
                    f"LAXIN_HOME is {home}, which holds other things ({', '.join(strangers[:3])}). "
                    "Choose an empty folder or one that does not exist."
                )
            (home / MARKER).write_text(MARKER_TEXT)
    except OSError as error:
        raise HomeError(f"The folder LAXIN_HOME={home} cannot be used: {error.strerror}.") from error


def find_strangers(home: Path) -> list[str]:
    """Names in `home` that speak against its being Laxin's; none where the marker is there."""
    names = {entry.name for entry in home.iterdir()}
    return [] if MARKER in names else sorted(names - OWN_NAMES)
