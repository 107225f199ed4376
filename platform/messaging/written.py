"""Mails that were written into files instead of being sent: Django's file backend puts several into one file."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from itertools import islice
from pathlib import Path

_NAME = re.compile(r"[0-9]+-[0-9]+-[0-9]+")
_END = b"\n" + b"-" * 79 + b"\n"


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """The `number`th mail of the file `name`; `html` is "" where it has text alone, `at` None without a time."""

    name: str
    number: int
    subject: str
    to: str
    at: datetime | None
    text: str
    html: str


def list_written_mails(folder: Path, *, most: int) -> list[WrittenMail]:
    """The newest mails, at most so many."""
    files = sorted((path for path in folder.glob("*.log") if _NAME.fullmatch(path.stem)), reverse=True)
    return list(islice((mail for path in files for mail in reversed(list(_read(path)))), most))


def find_written_mail(folder: Path, *, name: str, number: int) -> WrittenMail | None:
    """One mail, or None where there is none of this name and number."""
    path = folder / f"{name}.log"
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    return next(islice(_read(path), number, None), None)


def _read(path: Path) -> Iterator[WrittenMail]:
    *whole, _rest = path.read_bytes().split(_END)  # what follows the last line is still being written
    for number, data in enumerate(whole):
        message = email.message_from_bytes(data, policy=default)
        assert isinstance(message, EmailMessage)
        sent = message["Date"].datetime if message["Date"] else None
        yield WrittenMail(
            name=path.stem,
            number=number,
            subject=str(message["Subject"] or ""),
            to=str(message["To"] or ""),
            at=sent.replace(tzinfo=sent.tzinfo or UTC) if sent else None,
            text=_get_part(message, "plain"),
            html=_get_part(message, "html"),
        )


def _get_part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""
