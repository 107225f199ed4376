"""Whether the parts of Laxin work: cheap looks, each with a time limit, kept some seconds. No address is told."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tenants.cache import PUBLIC
from website.tasks import HEARTBEAT

KEPT_SECONDS = 15
TIMEOUT_SECONDS = 2
LATE = timedelta(minutes=3)  # the heart beats each minute
_KEY = f"{PUBLIC}status"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Part:
    """A part, and whether it works."""

    name: str
    works: bool

    @property
    def label(self) -> Promise:
        """What people call it."""
        return LABELS[self.name]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found at `checked_at`."""

    checked_at: datetime
    parts: tuple[Part, ...]

    @property
    def works(self) -> bool:
        """Whether shops and the public site work: mail and payments may be down meanwhile."""
        return all(part.works for part in self.parts if part.name in VITAL)

    @property
    def faultless(self) -> bool:
        """Whether every part works."""
        return all(part.works for part in self.parts)


def get_report() -> Report:
    """What was found some seconds ago at most."""
    known = _read()
    if known is not None:
        return known
    report = Report(timezone.now(), tuple(Part(name, check()) for name, check in _checks().items()))
    with suppress(RedisError, OSError):  # the next visitor looks anew
        cache.set(_KEY, [report.checked_at.isoformat(), [asdict(part) for part in report.parts]], KEPT_SECONDS)
    return report


def _read() -> Report | None:
    try:
        known = cache.get(_KEY)
    except (RedisError, OSError):
        return None
    if known is None:
        return None
    checked_at, parts = known
    return Report(datetime.fromisoformat(checked_at), tuple(Part(**part) for part in parts))


def _checks() -> Mapping[str, Callable[[], bool]]:
    """Without an address there is no payment service, as in a development that runs no `laxin up`."""
    return {name: check for name, check in CHECKS.items() if name != "payments" or settings.STRIPE_URL}


def check_database() -> bool:
    """It answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def check_queue() -> bool:
    """The broker takes connections."""
    try:
        with current_app.connection_for_write(connect_timeout=TIMEOUT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=TIMEOUT_SECONDS)
    except (OperationalError, OSError):
        return False
    return True


def check_worker() -> bool:
    """A worker has done the task of the last minutes."""
    try:
        beat = cache.get(HEARTBEAT)
    except (RedisError, OSError):
        return False
    return beat is not None and timezone.now() - datetime.fromisoformat(beat) < LATE


def check_mail() -> bool:
    """The mail server takes connections, or the folder that stands for it is there."""
    if settings.MAIL_DELIVERY_BACKEND.endswith("smtp.EmailBackend"):
        return _answers(settings.EMAIL_HOST, settings.EMAIL_PORT)
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    return folder is None or Path(folder).is_dir() or Path(folder).parent.is_dir()


def check_payments() -> bool:
    """The payment service takes connections."""
    if not settings.STRIPE_URL:
        return False
    address = urlsplit(str(settings.STRIPE_URL))
    return _answers(address.hostname or "", address.port or _PORTS[address.scheme])


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True


CHECKS: Mapping[str, Callable[[], bool]] = {
    "database": check_database,
    "queue": check_queue,
    "worker": check_worker,
    "mail": check_mail,
    "payments": check_payments,
}
VITAL = frozenset({"database", "queue"})
LABELS: Mapping[str, Promise] = {
    "database": _("Shops and their data"),
    "queue": _("Queue of background work"),
    "worker": _("Background work: imports, mails, expiry"),
    "mail": _("Outgoing mail"),
    "payments": _("Payment of subscriptions"),
}
