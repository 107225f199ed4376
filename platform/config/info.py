"""`laxin info`: the addresses and sign-ins of this installation."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from config.env import Env

DEMO_FILE = "demo.json"
ADDRESSES = ("console", "graphql", "join")


def describe(env: Env, *, ready: bool) -> dict[str, Any]:
    """The document that `laxin info --json` prints; `demo` is None until the demo shop is loaded."""
    return {
        "base_url": env.base_url,
        "demo": read_demo(env),
        "database_url": env.database_url,
        "app_database_url": env.app_database_url,
        "ready": ready,
    }


def read_demo(env: Env) -> dict[str, Any] | None:
    """What the loader of the demo shop has left for us."""
    try:
        document = json.loads((env.home / DEMO_FILE).read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict):
        return None
    return {name: _move(value, env) if name in ADDRESSES else value for name, value in document.items()}


def _move(address: str, env: Env) -> str:
    """The same page of the same shop where Laxin runs now or would run: the loader may have run at another port."""
    parts = urlsplit(address)
    return env.shop_url((parts.hostname or "").partition(".")[0]) + parts.path


def _program() -> str:
    """How this program was called, so that a line can be copied."""
    called = sys.argv[0]
    if Path(called).name != "laxin" or shutil.which("laxin") == str(Path(called).absolute()):
        return "laxin"
    return called


def print_info(env: Env, *, ready: bool) -> None:
    """The same for people."""
    document = describe(env, ready=ready)
    table = Table(title="Laxin is ready" if ready else "Laxin is not running", title_style="bold", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Public site", f"{env.base_url}/")
    demo = document["demo"]
    if demo:
        staff = demo.get("staff", {})
        table.add_row("Demo shop: console", demo.get("console", ""))
        table.add_row("  sign-in", f"{staff.get('email', '')}  password  {staff.get('password', '')}")
        table.add_row("  join link", demo.get("join", ""))
        table.add_row("  GraphQL", demo.get("graphql", ""))
        table.add_row("  storefront key", demo.get("storefront_key", ""))
    if env.mails_url:
        table.add_row("Mails", f"{env.mails_url}  written, not sent")
    table.add_row("All of it as JSON", f"{_program()} info --json")
    Console(highlight=False).print(table)
