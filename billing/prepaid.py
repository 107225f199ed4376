"""Prepaid years: what one-off payments have bought, computed anew from all of them."""

from datetime import datetime

from billing.models import Checkout
from billing.standing import Term


def list_terms(*, account_id: int) -> tuple[Term, ...]:
    """Return the years that were paid, in order.

    A year that is paid while another runs begins when that ends, and not before what was promised on its page. One
    whose money went back ended then.
    """
    paid = Checkout.objects.filter(account_id=account_id, is_prepay=True, paid_at__isnull=False)
    terms: list[Term] = []
    columns = ("plan", "paid_at", "begins_at", "returned_at")
    for plan, paid_at, promised, returned_at in paid.order_by("paid_at", "id").values_list(*columns):
        assert paid_at is not None
        begins = max(filter(None, [paid_at, promised, terms[-1].ends_at if terms else None]))
        ends = add_year(begins)
        if returned_at is None or ends <= returned_at:
            terms.append(Term(plan=plan, starts_at=begins, ends_at=ends))
        elif begins < returned_at:
            terms.append(Term(plan=plan, starts_at=begins, ends_at=returned_at, was_returned=True))
    return tuple(terms)


def add_year(instant: datetime) -> datetime:
    """The same instant a year later; the 28th of February after a 29th."""
    try:
        return instant.replace(year=instant.year + 1)
    except ValueError:
        return instant.replace(year=instant.year + 1, day=28)
