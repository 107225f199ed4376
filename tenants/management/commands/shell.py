"""`laxin shell [--shop SLUG]`: Django's, which can enter a shop."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.shell import Command as DjangoShell
from kernel.errors import NotFound

from tenants.shell import enter_shop

NAMES = ("tenants.shell.enter_shop", "tenants.selectors.list_shops", "tenants.transaction.current_shop")


class Command(DjangoShell):
    """A shop's tables can be read and written inside one of its transactions alone, here as everywhere."""

    help = (
        "Python with all models. Shops' tables: `with enter_shop('SLUG'):` for each piece of work, or --shop SLUG, "
        "with which all of it is one transaction that is committed when the shell ends without an error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's, and the shop."""
        super().add_arguments(parser)
        parser.add_argument("--shop", metavar="SLUG", help="be inside this shop")

    def get_auto_imports(self) -> list[str]:
        """Django's, and what enters a shop."""
        models = super().get_auto_imports() or []
        return [*models, *NAMES]

    def handle(self, **options: Any) -> None:
        """Run it, inside the shop if one is named."""
        if not options["shop"]:
            super().handle(**options)
            return
        try:
            with enter_shop(options["shop"]):
                super().handle(**options)
        except NotFound as error:
            raise CommandError(error.message) from error
