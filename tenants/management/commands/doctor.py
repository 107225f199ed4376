"""`laxin doctor [--shop SLUG] [--json]`: every invariant of every shop; exit 1 where one is broken."""

import json
import sys
from dataclasses import asdict
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from kernel.errors import NotFound

from tenants.doctor import find_broken, find_missing_demo, list_invariants
from tenants.selectors import get_shop, list_shops


class Command(BaseCommand):
    """Reads only; each check has a transaction of its own."""

    help = "Check every invariant of every shop (exit 1 and the findings where one is broken)."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One shop or all, for people or for programs."""
        parser.add_argument("--shop", metavar="SLUG", help="check this shop only")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, shop: str | None, json: bool, **options: Any) -> None:
        """Print the findings as they are found."""
        try:
            shops = [get_shop(slug=shop)] if shop else list_shops()
        except NotFound as error:
            raise CommandError(error.message) from error
        invariants = list_invariants()
        findings = []
        for finding in chain([] if shop else find_missing_demo(shops), find_broken(shops)):
            findings.append(finding)
            if not json:
                self.stdout.write(f"{finding.shop}: {finding.invariant}: {finding.detail}")
        if json:
            self._print_json(len(shops), invariants, [asdict(finding) for finding in findings])
        elif not findings:
            what = f"{len(invariants)} invariants hold" if len(invariants) != 1 else "1 invariant holds"
            self.stdout.write(f"{what} in {len(shops)} {'shop' if len(shops) == 1 else 'shops'}.")
        if findings:
            sys.exit(1)

    def _print_json(self, shops: int, invariants: list[str], findings: list[dict[str, str]]) -> None:
        document = {"shops": shops, "invariants": invariants, "findings": findings, "ok": not findings}
        self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
