"""What archives' selectors return."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """The shop's job as interfaces see it; one of the four flags is set, or `is_stalled` with `is_running`."""

    asked_by: str
    asked_at: datetime
    is_running: bool
    is_stalled: bool
    is_ready: bool
    is_failed: bool
    percent: int
    size: int
    rows: int
    expires_at: datetime | None
