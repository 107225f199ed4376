"""A headless Chromium that must stay on our hosts, and axe."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.settings import ROOT

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# `make test` installs it where there is none: scripts/ensure-chromium
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, the one without windows first: it opens a page in a fifth of the time."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail(f"There is no Chromium. Install it: apt-get install --yes {PROGRAMS[0]}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"], headless=True
        )
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a context of its own; fails in the end where it asked another host or an error was logged."""
    context = browser.new_context(viewport=options.pop("viewport", DESKTOP), **options)
    page = context.new_page()
    strangers: list[str] = []
    faults: list[str] = []

    def note(request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host and host not in {"localhost", "127.0.0.1"} and not host.endswith(".localhost"):
            strangers.append(request.url)

    context.on("request", note)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page
    context.close()
    assert strangers == [], "the page asked other hosts"
    assert faults == [], "the page logged errors"


def axe_violations(page: Page) -> list[str]:
    """What axe finds on the page, one line each; the page's own policy does not apply to the check."""
    if not AXE.exists():
        pytest.fail(f"{Path(AXE).relative_to(ROOT)} is missing: run `make frontend` first.")
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {json.dumps(node['target'])}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
