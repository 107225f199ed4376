"""`laxin info`: the addresses and sign-ins of this installation."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from config.env import Env

DEMO_FILE = "demo.json"


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
    return document if isinstance(document, dict) else None


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
    table.add_row("All of it as JSON", "laxin info --json")
    Console(highlight=False).print(table)
