"""What `laxin up` shows while it starts: one line a step, a spinner on terminals."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape


class Steps:
    """Prints steps with the seconds they took."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def running(self, title: str) -> Iterator[None]:
        """Show `title` as going on, then as done; nothing more where it fails."""
        began = time.monotonic()
        with self._console.status(title):
            yield
        self.done(title, time.monotonic() - began)

    def done(self, title: str, seconds: float | None = None) -> None:
        took = f" [dim]{seconds:.1f} s[/dim]" if seconds is not None else ""
        self._console.print(f"[green]✓[/green] {escape(title)}{took}")

    def say(self, markup: str) -> None:
        self._console.print(markup)

    def note(self, text: str) -> None:
        self._console.print(f"[dim]{escape(text)}[/dim]")

    def warn(self, text: str) -> None:
        self._errors.print(f"[yellow]![/yellow] {escape(text)}")

    def fail(self, text: str) -> None:
        self._errors.print(f"[red]✗[/red] {escape(text)}")
