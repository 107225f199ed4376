"""Prepaid years: what one-off payments have bought, computed anew from all of them."""

from datetime import datetime

from billing.models import Checkout
from billing.standing import Awaited, Term


def list_terms(*, account_id: int) -> tuple[Term, ...]:
    """Return the years that were paid, the one that ends last at the end.

    A year that is paid while another runs begins when that ends, and not before what was promised on its page; the year
    of a larger plan from which the rest of the other was deducted begins at once. One whose money went back ended then.
    """
    return tuple(sorted(_compute(account_id).values(), key=lambda term: term.ends_at))


def find_awaited(*, account_id: int) -> Awaited | None:
    """Return the payment that is on its way by a bank, the oldest of several."""
    pages = Checkout.objects.filter(account_id=account_id, is_open=True, awaited_until__isnull=False)
    page = pages.order_by("created_at").only("created_at", "awaited_until").first()
    return Awaited(page.created_at, page.awaited_until) if page and page.awaited_until else None


def find_term(*, checkout_id: int, account_id: int) -> Term | None:
    """Return the year that a payment page brought; None of one that was not paid, or whose money went back first."""
    return _compute(account_id).get(checkout_id)


def _compute(account_id: int) -> dict[int, Term]:
    """The years by the id of their Checkout."""
    paid = Checkout.objects.filter(account_id=account_id, is_prepay=True, paid_at__isnull=False)
    terms: dict[int, Term] = {}
    free_from: datetime | None = None
    for page in paid.order_by("paid_at", "id"):
        assert page.paid_at is not None
        waits_for = [] if page.credit_minor else [page.begins_at, free_from]
        begins = max(filter(None, [page.paid_at, *waits_for]))
        ends, value = add_year(begins), page.amount_minor + page.credit_minor
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
