"""Serves the stand-in over HTTP for `laxin up`: its state in a file, its events posted to the webhook."""

import logging
import secrets
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from fakes.stripe.app import FakeStripe
from fakes.stripe.delivery import Deliverer

BEAT_SECONDS = 0.1
SAVE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Logs without asking the name server who calls."""

    def address_string(self) -> str:
        return str(self.client_address[0])


def open_fake(*, address: str, key: str, webhook_secrets: Sequence[str], webhook_url: str, file: Path) -> FakeStripe:
    """A stand-in that follows the real time, with what `file` remembers of the last run."""
    fake = FakeStripe(
        clock=lambda: int(time.time()),
        key=key,
        webhook_secrets=webhook_secrets,
        address=address,
        salt=secrets.token_hex(4),
    )
    fake.deliverer = Deliverer(fake, webhook_url)
    if file.exists():
        try:
            fake.state.load(file)
        except (ValueError, KeyError, TypeError):
            aside = file.with_suffix(".unreadable.json")
            file.replace(aside)
            logger.warning("%s could not be read and was moved to %s; starting empty", file, aside)
    fake.state.readdress(address)
    return fake


def serve(fake: FakeStripe, host: str, port: int, file: Path) -> None:
    """Serve until SIGTERM or SIGINT; write the state a second after a change, and at the end."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with Server((host, port), Handler) as server:
        server.set_app(fake)
        threading.Thread(target=server.serve_forever, args=(BEAT_SECONDS,), daemon=True).start()
        threading.Thread(target=_deliver, args=(fake, stopping), daemon=True).start()
        saved = -1
        while not stopping.wait(SAVE_SECONDS):
            fake.catch_up()
            saved = _save(fake, file, saved)
        server.shutdown()
    _save(fake, file, saved)


def _deliver(fake: FakeStripe, stopping: threading.Event) -> None:
    while not stopping.wait(BEAT_SECONDS):
        if fake.deliverer:
            fake.deliverer.deliver_due(time.time())


def _save(fake: FakeStripe, file: Path, saved: int) -> int:
    """Write what changed since the version `saved`; the version now."""
    version = fake.state.version()
    if version != saved:
        fake.state.save(file)
    return version
