"""`python -m config.fake_stripe`: the stand-in for Stripe that `laxin up` runs in development.

Its state lies in LAXIN_HOME, and so does its port, which stays the same from one start to the next: pay pages that are
open in a browser go on working.
"""

import logging
from urllib.parse import urlsplit

from fakes.stripe.server import open_fake, serve

from config import env, ports
from config.embedded import process

PORT_FILE = "fake-stripe.port"
STATE_FILE = "fake-stripe.json"
WEBHOOK_PATH = "/billing/stripe/webhook"


def choose_address(current: env.Env) -> str:
    """Where the stand-in of this installation is reached: the last time's port if nobody took it, else a free one."""
    file = current.home / PORT_FILE
    remembered = file.read_text().strip() if file.exists() else ""
    if remembered.isdigit() and ports.is_free(current.bind, int(remembered)):
        port = int(remembered)
    else:
        port = process.find_free_port()
        file.write_text(f"{port}\n")
    return f"http://{current.base_host}:{port}"


def main() -> None:
    """Serve at the address that the environment names."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    current = env.current()
    assert current.stripe_url, "LAXIN_STRIPE_URL is not set"
    if fault := current.stand_in_fault:
        raise SystemExit(fault)
    file = current.home / STATE_FILE
    fake = open_fake(
        address=current.stripe_url,
        key=current.stripe_key,
        webhook_secrets=current.stripe_webhook_secrets,
        webhook_url=f"{current.base_url}{WEBHOOK_PATH}",
        file=file,
    )
    serve(fake, current.bind, urlsplit(current.stripe_url).port or 80, file)


if __name__ == "__main__":
    main()
