"""`laxin bootstrap`: make the database what this version needs."""

from typing import Any

from django.core.management.base import BaseCommand

from tenants.bootstrap import bring_up_to_date


class Command(BaseCommand):
    """Idempotent; a database that is up to date is left alone within a fraction of a second."""

    help = "Make logins, extensions, public tables and the template of shops, and bring every shop up to date."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        """Print what was done."""
        for line in bring_up_to_date() or ["The database is up to date."]:
            self.stdout.write(line)
