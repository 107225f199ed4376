"""`laxin shop create|list|export|restore|delete|suspend|resume|domain`."""

import getpass
import os
import secrets
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import override
from kernel.errors import DomainError
from psycopg.errors import LockNotAvailable
from staff.audit import record_own_event
from staff.errors import ShopRefused
from staff.services import open_shop

from billing.errors import PaymentProviderDown, PaymentProviderRefused
from billing.selectors import find_account
from billing.services import close_and_delete_shop, restore_shop_without_plan, set_access_by_hand
from tenants import domains
from tenants.actor import acting, command_actor
from tenants.addresses import get_shop_address
from tenants.deletion import Deletion, delete_shop, search_traces
from tenants.export import export_shop
from tenants.models import Shop
from tenants.selectors import get_shop, list_shops
from tenants.transaction import tenant_transaction

DOMAIN_EVENTS = {"add": "insert", "verify": "update", "primary": "update", "remove": "delete"}


class Command(BaseCommand):
    """What an operator does with one shop."""

    help = "Open, list, export, restore, delete, suspend or resume shops."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="open a shop with its owner")
        create.add_argument("slug", help="first part of the shop's host name: a-z, 0-9 and -")
        create.add_argument("--name", required=True, help="name that customers see")
        create.add_argument("--email", required=True, help="e-mail address of the owner, who signs in with it")
        create.add_argument("--language", choices=[code for code, _ in settings.LANGUAGES], default="zh-hans")
        create.add_argument("--password", help="left out: asked for, or read from a pipe; empty: made up and printed")
        actions.add_parser("list", help="list all shops")
        export = actions.add_parser("export", help="write one shop into a file; it works on meanwhile")
        export.add_argument("slug")
        export.add_argument("--to", required=True, type=Path, metavar="FILE", help="for example corner.tar.gz")
        restore = actions.add_parser("restore", help="make a shop of such a file, whole and checked or not at all")
        restore.add_argument("file", type=Path)
        restore.add_argument("--as", dest="slug", metavar="SLUG", help="another address than it had")
        restore.add_argument("--replace", action="store_true", help="drop the shop that has the address now")
        restore.add_argument("--accept-findings", action="store_true", help="even where `laxin doctor` finds faults")
        delete = actions.add_parser("delete", help="delete a shop for good and search for what is left of it")
        delete.add_argument("slug")
        delete.add_argument("--yes", action="store_true", help="do not ask")
        delete.add_argument(
            "--leave-at-stripe",
            action="store_true",
            help="do not ask Stripe: subscriptions, open payment pages and the customer there are ended by hand",
        )
        suspend = actions.add_parser("suspend", help="close the storefront; staff still reach the console")
        suspend.add_argument("slug")
        suspend.add_argument("--read-only", action="store_true", help="only stop new orders and members")
        domain = actions.add_parser("domain", help="a shop's own host names")
        domain.add_argument("what", choices=["list", "add", "verify", "primary", "remove"])
        domain.add_argument("slug")
        domain.add_argument("host", nargs="?", help="for example shop.example.com; all but list need it")
        actions.add_parser("resume", help="open a suspended shop again").add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the action says."""
        try:
            # In English, as the rest of the command speaks; what changes in the shop stands in its audit log.
            with override("en"), acting(command_actor(f"shop {options['action']}")):
                getattr(self, f"_{options['action']}")(options)
        except DomainError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise CommandError("The shop is in use. Suspend it, wait for what runs there and try again.") from error
            raise

    def _create(self, options: dict[str, Any]) -> None:
        typed = options["password"] or _ask_password()
        password = typed or secrets.token_urlsafe(12)
        try:
            opened = open_shop(
                slug=options["slug"],
                name=options["name"],
                email=options["email"],
                password=password,
                language=options["language"],
                now=timezone.now(),
            )
        except ShopRefused as refused:
            lines = [f"{'.'.join(fault.field) or 'shop'}: {fault.message}" for fault in refused.faults]
            raise CommandError("\n".join(lines)) from refused
        self.stdout.write(f"Console         {get_shop_address(opened.shop.slug)}/console/")
        if not typed:
            self.stdout.write(f"Password        {password}")
        self.stdout.write(f"Storefront key  {opened.storefront_key}")

    def _export(self, options: dict[str, Any]) -> None:
        target: Path = options["to"]
        draft = target.with_name(f".{target.name}.part")
        try:
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
                shop = get_shop(slug=options["slug"])
                exported = export_shop(shop=shop, file=file, now=timezone.now())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
            _record(shop, event="export", label="archive")
        finally:
            draft.unlink(missing_ok=True)
        size = target.stat().st_size
        self.stdout.write(f"{target}: {exported.rows:,} rows of {exported.tables} tables, {size:,} bytes")

    def _restore(self, options: dict[str, Any]) -> None:
        with options["file"].open("rb") as file:
            restored = restore_shop_without_plan(
                file=file,
                slug=options["slug"],
                replace=options["replace"],
                accept_findings=options["accept_findings"],
                now=timezone.now(),
            )
        _record(restored.shop, event="restored")
        for finding in restored.findings:
            self.stdout.write(f"{finding.invariant}: {finding.detail}")
        self.stdout.write(
            f"{get_shop_address(restored.shop.slug)}/: {restored.rows:,} rows of {restored.tables} tables"
        )
        if restored.is_new:
            slug = restored.shop.slug
            self.stdout.write(
                "It has no plan and is read-only. Its owner chooses one in the console, or you do:\n"
                f"  laxin billing give {slug} PLAN --reason …   whatever it pays\n"
                f"  laxin billing adopt {slug} cus_…            a customer at Stripe whose subscription runs"
            )

    def _delete(self, options: dict[str, Any]) -> None:
        shop = get_shop(slug=options["slug"])
        if not options["yes"]:
            self.stdout.write(f"This deletes {shop.name} ({shop.slug}) for good. Export it first if in doubt.")
            if input("Type the shop's slug to go on: ").strip() != shop.slug:
                raise CommandError("Nothing was deleted.")
        deletion = self._end(shop, leave_at_stripe=options["leave_at_stripe"])
        self.stdout.write(f"Deleted {deletion.slug}: schema and role {deletion.schema}, {deletion.cached} cached keys.")
        proof = search_traces(canaries=deletion.canaries)
        self.stdout.write(
            f"Searched {proof.tables} tables of {proof.schemas} schemas and the cache for {len(deletion.canaries)} "
            f"values that only this shop had: {len(proof.found)} found."
        )
        if proof.found:
            raise CommandError("\n".join(proof.found))

    def _end(self, shop: Shop, *, leave_at_stripe: bool) -> Deletion:
        """Delete the shop with what it has at Stripe, and say what that was."""
        if leave_at_stripe:
            account = find_account(shop_id=shop.pk)
            deletion = delete_shop(shop=shop, now=timezone.now())
            if account and account.customer_id:
                self.stdout.write(f"Left at Stripe: customer {account.customer_id}.")
            return deletion
        try:
            ended = close_and_delete_shop(shop=shop, now=timezone.now())
        except (PaymentProviderDown, PaymentProviderRefused) as error:
            raise CommandError(
                f"Nothing was deleted, as it is not sure that nothing is charged any more. {error.message} "
                "With --leave-at-stripe the shop is deleted all the same; then end its subscriptions there by hand."
            ) from error
        assert ended is not None
        closed, deletion = ended
        if closed.customer_id:
            self.stdout.write(
                f"Ended at Stripe: {closed.subscriptions} subscriptions, {closed.pages} payment pages, "
                f"customer {closed.customer_id}."
            )
        return deletion

    def _suspend(self, options: dict[str, Any]) -> None:
        access = Shop.Access.READ_ONLY if options["read_only"] else Shop.Access.SUSPENDED
        self._set_access(options["slug"], access)

    def _resume(self, options: dict[str, Any]) -> None:
        self._set_access(options["slug"], Shop.Access.OPEN)

    def _set_access(self, slug: str, access: Shop.Access) -> None:
        shop = set_access_by_hand(shop=get_shop(slug=slug), access=access, now=timezone.now())
        self.stdout.write(f"{slug}\t{shop.access}")
        if shop.access != access:
            self.stdout.write(f"What it pays for does not open it: see `laxin billing show {slug}`.")

    def _domain(self, options: dict[str, Any]) -> None:
        shop, what, host = get_shop(slug=options["slug"]), options["what"], options["host"]
        if what == "list":
            for domain in domains.list_domains(shop):
                state = "primary" if domain.is_primary else "proven" if domain.verified_at else "unproven"
                self.stdout.write(f"{domain.host}\t{state}")
            return
        if not host:
            raise CommandError(f"`shop domain {what}` needs a host.")
        if what == "add":
            proof = domains.add_domain(shop=shop, host=host, now=timezone.now())
            self.stdout.write(f"Publish one of these, then run `laxin shop domain verify {shop.slug} {host}`:")
            self.stdout.write(f'{proof.name}. TXT "{proof.value}"')
            self.stdout.write(f"{proof.address} with the text {proof.value}")
        elif what == "verify":
            domains.verify_domain(shop=shop, host=host, now=timezone.now())
        elif what == "primary":
            domains.set_primary_domain(shop=shop, host=host)
        else:
            domains.remove_domain(shop=shop, host=host)
        _record(shop, event=DOMAIN_EVENTS[what], subject="tenants_domain", label=host)

    def _list(self, options: dict[str, Any]) -> None:
        for shop in list_shops():
            self.stdout.write(f"{shop.slug}\t{shop.access}\t{get_shop_address(shop.slug)}/\t{shop.name}")


def _record(shop: Shop, *, event: str, subject: str = "tenants_shop", label: str = "") -> None:
    with tenant_transaction(shop):
        record_own_event(event=event, subject=subject, label=label or shop.name)


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass("Password of the owner (empty: one is made up): ")
