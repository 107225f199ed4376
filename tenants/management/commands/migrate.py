"""`laxin migrate`: bring public and every shop up to date. In place of Django's command, which knows one schema."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate

from tenants.bootstrap import bring_up_to_date


class Command(DjangoMigrate):
    """A subclass only because Django's checks look at its attributes."""

    help = "Bring the public tables, the template of shops and every shop up to date."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """None: there is one target, the migrations on disk."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was done."""
        for line in bring_up_to_date() or ["The database is up to date."]:
            self.stdout.write(line)
