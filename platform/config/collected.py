"""Static files collected for serving: hashed names and compressed twins, made anew only when a source changed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_static_files() -> bool:
    """Collect into STATIC_ROOT unless its sources are those of the last time; tell whether it was done.

    Call it while nothing serves from there: what is no longer needed is removed first.
    """
    stamp = Path(settings.STATIC_ROOT).with_suffix(".sources")
    sources = _describe_sources()
    if stamp.exists() and stamp.read_text() == sources:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(sources)
    return True


def _describe_sources() -> str:
    """A hash over path, size and time of every source: compressing them all is what takes the time."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{storage.path(name)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
