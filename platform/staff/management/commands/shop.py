"""`laxin shop create SLUG --name N --email E` and `laxin shop list`."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from staff.errors import ShopRefused
from staff.services import open_shop
from tenants.selectors import list_shops


class Command(BaseCommand):
    """Open shops and list them."""

    help = "Open a shop, or list all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="open a shop with its owner")
        create.add_argument("slug", help="first part of the shop's host name: a-z, 0-9 and -")
        create.add_argument("--name", required=True, help="name that customers see")
        create.add_argument("--email", required=True, help="e-mail address of the owner, who signs in with it")
        create.add_argument("--language", choices=[code for code, _ in settings.LANGUAGES], default="zh-hans")
        create.add_argument("--password", help="asked for where it is left out, or read from a pipe")
        actions.add_parser("list", help="list all shops")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the action says."""
        if options["action"] == "list":
            self._list()
        else:
            self._create(options)

    def _create(self, options: dict[str, Any]) -> None:
        try:
            opened = open_shop(
                slug=options["slug"],
                name=options["name"],
                email=options["email"],
                password=options["password"] or _ask_password(),
                language=options["language"],
                now=timezone.now(),
            )
        except ShopRefused as refused:
            lines = [f"{'.'.join(fault.field) or 'shop'}: {fault.message}" for fault in refused.faults]
            raise CommandError("\n".join(lines)) from refused
        self.stdout.write(f"Console         {_address(opened.shop.slug)}/console/")
        self.stdout.write(f"Storefront key  {opened.storefront_key}")

    def _list(self) -> None:
        for shop in list_shops():
            self.stdout.write(f"{shop.slug}\t{shop.access}\t{_address(shop.slug)}/\t{shop.name}")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass("Password of the owner: ")


def _address(slug: str) -> str:
    address = urlsplit(settings.BASE_URL)
    return f"{address.scheme}://{slug}.{address.netloc}"
