"""Prepaid years: what one-off payments have bought, computed anew from all of them."""

from datetime import datetime

from billing.models import Checkout
from billing.standing import Term


def list_terms(*, account_id: int) -> tuple[Term, ...]:
    """Return the years that were paid, in order.

    A year that is paid while another runs begins when that ends, and not before what was promised on its page.
    """
    paid = Checkout.objects.filter(account_id=account_id, is_prepay=True, paid_at__isnull=False)
    terms: list[Term] = []
    for plan, paid_at, promised in paid.order_by("paid_at", "id").values_list("plan", "paid_at", "begins_at"):
        assert paid_at is not None
        begins = max(filter(None, [paid_at, promised, terms[-1].ends_at if terms else None]))
        terms.append(Term(plan=plan, starts_at=begins, ends_at=add_year(begins)))
    return tuple(terms)


def add_year(instant: datetime) -> datetime:
    """The same instant a year later; the 28th of February after a 29th."""
    try:
        return instant.replace(year=instant.year + 1)
    except ValueError:
        return instant.replace(year=instant.year + 1, day=28)
