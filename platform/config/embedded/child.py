"""Become a server that dies with the one who started it; run by `process.spawn`, never imported.

Arguments: parent pid, signal at the parent's death, user id, group id (or `-`), then the command. A program of its own
and not a `preexec_fn`, because that may deadlock in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, uid, gid, *command = sys.argv[1:]
    if gid != "-":
        os.setgroups([])
        os.setgid(int(gid))
    if uid != "-":
        os.setuid(int(uid))
    if sys.platform == "linux":  # after setuid: changing the user forgets it
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before we asked to be told
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606  there is nothing for a shell to do


if __name__ == "__main__":
    main()
