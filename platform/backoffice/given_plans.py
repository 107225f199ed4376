"""Plans that operators gave: whether one holds, and to the end of which day.

One that is over by its own date counts as ended then, also where another was given or it was ended by hand later.
"""

from datetime import UTC, datetime, timedelta

from django.db.models import Model
from django.utils.formats import localize
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.models import PlanOverride
from billing.types import OverrideRow

type Given = OverrideRow | PlanOverride


def is_running(given: Given, *, now: datetime) -> bool:
    """Tell whether the plan still holds."""
    return given.ended_at is None and (given.until is None or now < given.until)


def was_cut_short(given: Given) -> bool:
    """Tell whether a hand ended it before its date."""
    return given.ended_at is not None and (given.until is None or given.ended_at < given.until)


def last_day(given: Given) -> str:
    """The day (UTC) to the end of which it was given, as it was typed; "" where there is none."""
    return f"{given.until.astimezone(UTC) - timedelta(microseconds=1):%Y-%m-%d}" if given.until else ""


def day_of_end(given: Given) -> str:
    """The day (UTC) on which it ended or will; "" where nobody knows yet."""
    if given.ended_at and was_cut_short(given):
        return f"{given.ended_at.astimezone(UTC):%Y-%m-%d}"
    return last_day(given)


@display(description=gettext_lazy("until the end of"), ordering="until")
def show_last_day(row: Model) -> str:
    """A column; a dash where it was given until further notice."""
    assert isinstance(row, PlanOverride)
    return last_day(row) or "-"


@display(description=gettext_lazy("ended by hand"), ordering="ended_at")
def show_ended_by_hand(row: Model) -> str:
    """A column; a dash where it goes on, or went to its last day."""
    assert isinstance(row, PlanOverride)
    return str(localize(row.ended_at)) if was_cut_short(row) else "-"
