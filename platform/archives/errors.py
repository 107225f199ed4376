"""Errors of archives.

KernelError
└─ ArchiveRunning  ARCHIVE_RUNNING
"""

from kernel.errors import DomainError


class ArchiveRunning(DomainError):
    """One job at a time."""

    code = "ARCHIVE_RUNNING"
