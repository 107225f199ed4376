"""Is a port free, and if not, who holds it?"""

import contextlib
import errno
import socket
from pathlib import Path
from textwrap import shorten

LISTENING = "0A"


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on `host:port` now. Raise OSError where `host` is no address of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def describe_holder(port: int) -> str | None:
    """The process that listens on `port`, as "pid 123 (its command)"; None where that cannot be known."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (entry / "fd").iterdir():
                if str(descriptor.readlink()) in inodes:
                    command = (entry / "cmdline").read_text().replace("\0", " ").strip()
                    return f"pid {entry.name} ({shorten(command, 60, placeholder=' …')})"
    return None
