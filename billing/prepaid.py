"""Prepaid years: what one-off payments have bought, computed anew from all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing.models import Checkout
from billing.standing import Awaited, Term


@dataclass(frozen=True, slots=True)
class Prepaid:
    """The years that were paid, the one that ends last at the end, and the payment for one that is on its way."""

    terms: tuple[Term, ...]
    awaited: Awaited | None


def read_prepaid(*, account_id: int) -> Prepaid:
    """Return what single payments have bought and are to buy. One statement.

    A year that is paid while another runs begins when that ends, and not before what was promised on its page; the year
    of a larger plan from which the rest of the other was deducted begins at once. One whose money went back ended then.
    """
    pages = _list_pages(account_id)
    awaited = [Awaited(page.created_at, page.awaited_until) for page in pages if page.is_open and page.awaited_until]
    return Prepaid(
        terms=tuple(sorted(_compute(pages).values(), key=lambda term: term.ends_at)),
        awaited=min(awaited, key=lambda one: one.since, default=None),
    )


def list_terms(*, account_id: int) -> tuple[Term, ...]:
    """Return the years alone."""
    return read_prepaid(account_id=account_id).terms


def find_term(*, checkout_id: int, account_id: int) -> Term | None:
    """Return the year that a payment page brought; None of one that was not paid, or whose money went back first."""
    return _compute(_list_pages(account_id)).get(checkout_id)


def _list_pages(account_id: int) -> list[Checkout]:
    """Those that were filled in, in the order of payment."""
    filled_in = Q(paid_at__isnull=False) | Q(awaited_until__isnull=False)
    return list(Checkout.objects.filter(filled_in, account_id=account_id, is_prepay=True).order_by("paid_at", "id"))


def _compute(pages: Sequence[Checkout]) -> dict[int, Term]:
    """The years by the id of their Checkout."""
    terms: dict[int, Term] = {}
    free_from: datetime | None = None
    for page in pages:
        if page.paid_at is None:
            continue
        waits_for = [] if page.credit_minor else [page.begins_at, free_from]
        begins = max(filter(None, [page.paid_at, *waits_for]))
        ends, value = add_year(begins), page.amount_minor + page.credit_minor - page.doubtful_minor
        if page.returned_at is None or ends <= page.returned_at:
            term = Term(plan=page.plan, starts_at=begins, ends_at=ends, value_minor=value)
        elif begins < page.returned_at:
            term = Term(page.plan, begins, page.returned_at, was_returned=True, value_minor=value)
        else:
            continue
        terms[page.pk] = term
        free_from = max(term.ends_at, free_from) if free_from else term.ends_at
    return terms


def add_year(instant: datetime) -> datetime:
    """The same instant a year later; the 28th of February after a 29th."""
    try:
        return instant.replace(year=instant.year + 1)
    except ValueError:
        return instant.replace(year=instant.year + 1, day=28)
