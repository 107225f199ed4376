"""What a process of the fleet migration does first. It is imported before Django is set up, so it imports no models."""

import multiprocessing
import os
import threading
from typing import Any

import django
from django.db import connections


def start(owner_settings: dict[str, Any]) -> None:
    """Set Django up with the parent's database, and end with the parent, even where that was killed."""
    django.setup()
    connections["owner"].settings_dict.update(owner_settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
