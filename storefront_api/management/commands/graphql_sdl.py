"""Write the API's schema to `storefront_api/schema.graphql`, or check that it is up to date."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from storefront_api.schema.root import print_sdl

SDL = Path(__file__).parents[2] / "schema.graphql"


class Command(BaseCommand):
    """`graphql_sdl [--check]`."""

    help = "Write the API's schema to storefront_api/schema.graphql."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--check`."""
        parser.add_argument("--check", action="store_true", help="only compare; exit 1 where the file is out of date")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        """Write or compare."""
        sdl = print_sdl()
        if not check:
            SDL.write_text(sdl, encoding="utf-8")
        elif not SDL.exists() or SDL.read_text(encoding="utf-8") != sdl:
            raise CommandError("storefront_api/schema.graphql is out of date: run `laxin graphql_sdl` and commit it.")
