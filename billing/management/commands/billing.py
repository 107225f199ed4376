"""`laxin billing sync|reconcile|show|events|retry|alerts|give|take|adopt`."""

import getpass
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import override
from kernel.errors import DomainError

from billing import services
from billing.models import PaymentEvent
from billing.plans import PLANS
from billing.selectors import get_account, list_alerts, list_events, list_overrides
from tenants.actor import acting, command_actor
from tenants.selectors import get_shop


class Command(BaseCommand):
    """What an operator does about paying."""

    help = "Prices at Stripe, accounts of shops, events, and plans given by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("sync", help="make products and prices at Stripe of the plans in the code")
        reconcile = actions.add_parser("reconcile", help="compare accounts with Stripe and repair them")
        reconcile.add_argument("--limit", type=int, help="only so many, the longest unseen first; left out: all")
        actions.add_parser("show", help="the account of one shop").add_argument("slug")
        events = actions.add_parser("events", help="what Stripe told us, the newest first")
        events.add_argument("--state", choices=PaymentEvent.State.values, help="only those in this state")
        events.add_argument("--shop", help="only those of the shop with this slug")
        events.add_argument("--limit", type=int, default=30)
        actions.add_parser("retry", help="try a dead event again").add_argument("event", type=int, help="its number")
        actions.add_parser("alerts", help="what a person has to look at")
        give = actions.add_parser("give", help="let a shop use a plan whatever it pays")
        give.add_argument("slug")
        give.add_argument("plan", choices=sorted(PLANS))
        give.add_argument("--reason", required=True)
        give.add_argument("--until", type=_last_day, help="its last day in UTC, 2027-01-31; left out: until `take`")
        actions.add_parser("take", help="end what was given").add_argument("slug")
        adopt = actions.add_parser("adopt", help="tie a customer of Stripe's to a shop that lost it")
        adopt.add_argument("slug")
        adopt.add_argument("customer", help="Stripe's id, cus_…")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the action says."""
        try:
            with override("en"), acting(command_actor(f"billing {options['action']}")):
                getattr(self, f"_{options['action']}")(options)
        except DomainError as error:
            raise CommandError(error.message) from error

    def _sync(self, options: dict[str, Any]) -> None:
        done = services.sync_prices()
        self.stdout.write("\n".join(f"Made {line}" for line in done) or "Stripe has all products and prices.")

    def _reconcile(self, options: dict[str, Any]) -> None:
        swept = services.reconcile(now=timezone.now(), limit=options["limit"])
        self.stdout.write(
            f"{swept.checked} accounts compared, {swept.repaired} repaired, {swept.failed} failed, "
            f"{swept.alerts} new alerts."
        )
        if swept.failed:
            raise CommandError("Some accounts could not be compared; the log says why.")

    def _show(self, options: dict[str, Any]) -> None:
        shop = get_shop(slug=options["slug"])
        account = get_account(shop_id=shop.pk)
        lines = {
            "Shop": f"{shop.slug}: {shop.access}, plan {shop.plan or 'none'}, notice {shop.notice or 'none'}",
            "Subscription": f"{account.status or 'none'} {account.plan} {account.interval} {account.subscription_id}",
            "Period ends": account.period_ends_at,
            "Cancelled for": account.ends_at,
            "Changes to": f"{account.pending_plan} {account.pending_interval}".strip() or None,
            "Past due since": account.past_due_since,
            "Trial ends": account.trial_ends_at,
            "Paid until": account.paid_until,
            "Customer": account.customer_id,
            "Compared": account.synced_at,
            "Looked at again": account.next_review_at,
        }
        for name, value in lines.items():
            if value:
                text = f"{value:%Y-%m-%d %H:%M} UTC" if isinstance(value, datetime) else value
                self.stdout.write(f"{name:16}{text}")
        for one in list_overrides(shop_id=shop.pk):
            until = " until further notice"
            if one.ended_at:
                until = f", ended on {one.ended_at:%Y-%m-%d},"
            elif one.until:
                until = f" until the end of {one.until - timedelta(microseconds=1):%Y-%m-%d}"
            self.stdout.write(f"{'Given':16}{one.plan}{until} by {one.operator}: {one.reason}")

    def _events(self, options: dict[str, Any]) -> None:
        shop_id = get_shop(slug=options["shop"]).pk if options["shop"] else None
        states = [options["state"]] if options["state"] else []
        for event in list_events(states=states, shop_id=shop_id, limit=options["limit"]):
            self.stdout.write(
                f"{event.id:>8}  {event.received_at:%Y-%m-%d %H:%M:%S}  {event.state:8} {event.type:40} "
                f"{event.object_id} {event.last_error}".rstrip()
            )

    def _retry(self, options: dict[str, Any]) -> None:
        services.retry_event(event_id=options["event"], now=timezone.now())
        event = PaymentEvent.objects.get(pk=options["event"])
        self.stdout.write(f"{event.event_id} is {event.state}. {event.last_error}".rstrip())

    def _alerts(self, options: dict[str, Any]) -> None:
        for alert in list_alerts():
            self.stdout.write(f"{alert.id:>8}  {alert.raised_at:%Y-%m-%d %H:%M:%S}  {alert.kind}: {alert.detail}")

    def _give(self, options: dict[str, Any]) -> None:
        services.give_plan(
            shop=get_shop(slug=options["slug"]),
            plan=options["plan"],
            reason=options["reason"],
            operator=getpass.getuser(),
            until=options["until"],
            now=timezone.now(),
        )
        self.stdout.write(f"{options['slug']} has the plan {options['plan']}.")

    def _take(self, options: dict[str, Any]) -> None:
        services.end_override(shop=get_shop(slug=options["slug"]), now=timezone.now())
        shop = get_shop(slug=options["slug"])
        self.stdout.write(f"{shop.slug} is {shop.access}, plan {shop.plan or 'none'}.")

    def _adopt(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        shop = get_shop(slug=options["slug"])
        account_id = services.adopt_customer(shop=shop, customer_id=options["customer"], now=now)
        services.sync_account(account_id=account_id, now=now)
        self._show(options)


def _last_day(text: str) -> datetime:
    """The first instant after the day."""
    return timedelta(days=1) + datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
