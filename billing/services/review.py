"""What becomes due by the calendar: ends of trials and grace, suspensions, warnings, deletions."""

import logging
from datetime import datetime, timedelta

from billing.errors import BillingError
from billing.mails import was_sent_a_month_ago
from billing.models import Account
from billing.services.closing import close_and_delete_shop
from billing.services.standing import apply_standing, get_facts, report_untold
from billing.services.sync import sync_account
from billing.standing import FREEDOM, Standing, judge

BATCH = 200
PUT_OFF = timedelta(minutes=10)
LOOKED_AT_DAILY = timedelta(days=1) - PUT_OFF

logger = logging.getLogger(__name__)


def review_accounts(*, now: datetime, limit: int = BATCH) -> int:
    """Do what has become due, the longest due first, at most `limit` accounts; returns how many.

    Before a shop loses anything its account is fetched from Stripe: a lost event cuts nobody off. Where Stripe does not
    answer the shop keeps what it has, and is looked at again soon.
    """
    due = Account.objects.filter(next_review_at__lte=now).order_by("next_review_at", "id")
    ids = list(due.values_list("id", flat=True)[:limit])
    for account_id in ids:
        try:
            _review(account_id, now)
        except BillingError as error:
            logger.warning("Account %d is looked at again in a while: %s", account_id, error)
            _put_off(account_id, now)
        except Exception:  # one account that cannot be reviewed must not keep the others waiting
            logger.exception("Account %d is looked at again in a while", account_id)
            _put_off(account_id, now)
    return len(ids)


def _put_off(account_id: int, now: datetime) -> None:
    Account.objects.filter(pk=account_id).update(next_review_at=now + PUT_OFF)


def _review(account_id: int, now: datetime) -> None:
    account = Account.objects.select_related("shop").get(pk=account_id)
    standing = judge(get_facts(account), now)
    if account.customer_id and _takes_away(account, standing):
        sync_account(account_id=account_id, now=now)
        account.refresh_from_db()
        standing = judge(get_facts(account), now)
    if standing.is_to_be_deleted and not _was_warned(account, now):
        report_untold(account, was_told=False, now=now)
        _put_off(account_id, now + LOOKED_AT_DAILY)
    elif standing.is_to_be_deleted:
        if close_and_delete_shop(shop=account.shop, only_if_due=True, now=now):
            logger.warning("Shop %s was deleted: not paid since long, its owner was warned", account.shop.slug)
    else:
        apply_standing(account_id=account_id, now=now)


def _was_warned(account: Account, now: datetime) -> bool:
    """Not only queued: with a mail server that refuses everything nobody knows."""
    warned_at = account.deletion_warned_at
    return warned_at is not None and was_sent_a_month_ago(
        shop=account.shop, template="deletion_warning", since=warned_at, now=now
    )


def _takes_away(account: Account, standing: Standing) -> bool:
    return standing.is_to_be_deleted or FREEDOM[standing.access] < FREEDOM[account.shop.access]
