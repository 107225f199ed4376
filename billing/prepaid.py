"""Prepaid years: what one-off payments have bought, computed anew from all of them."""

from datetime import datetime

from billing.models import Checkout
from billing.standing import Term


def list_terms(*, account_id: int) -> tuple[Term, ...]:
    """Return the years that were paid, in order.

    A year that is paid while another runs begins when that ends, and not before what was promised on its page. One
    whose money went back ended then.
    """
    return tuple(_compute(account_id).values())


def find_term(*, checkout_id: int, account_id: int) -> Term | None:
    """Return the year that a payment page brought; None of one that was not paid, or whose money went back first."""
    return _compute(account_id).get(checkout_id)


def _compute(account_id: int) -> dict[int, Term]:
    """The years by the id of their Checkout."""
    paid = Checkout.objects.filter(account_id=account_id, is_prepay=True, paid_at__isnull=False)
    terms: dict[int, Term] = {}
    last: Term | None = None
    columns = ("id", "plan", "paid_at", "begins_at", "returned_at")
    for checkout_id, plan, paid_at, promised, returned_at in paid.order_by("paid_at", "id").values_list(*columns):
        assert paid_at is not None
        begins = max(filter(None, [paid_at, promised, last.ends_at if last else None]))
        ends = add_year(begins)
        if returned_at is None or ends <= returned_at:
            last = terms[checkout_id] = Term(plan=plan, starts_at=begins, ends_at=ends)
        elif begins < returned_at:
            last = terms[checkout_id] = Term(plan=plan, starts_at=begins, ends_at=returned_at, was_returned=True)
    return terms


def add_year(instant: datetime) -> datetime:
    """The same instant a year later; the 28th of February after a 29th."""
    try:
        return instant.replace(year=instant.year + 1)
    except ValueError:
        return instant.replace(year=instant.year + 1, day=28)
