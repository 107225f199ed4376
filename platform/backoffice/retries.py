"""Dead events that an operator has tried again, one or many: within a request's time, and what came of each is said."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext_lazy
from kernel.errors import NotFound

from billing.models import PaymentEvent
from billing.services import retry_event

LONGEST = timedelta(seconds=20)  # each asks Stripe; somebody is waiting for the page
MOST = 200  # at once
NOT_DEAD, LEFT = "not dead", "left"

WORDS = {
    PaymentEvent.State.DONE: ngettext_lazy(
        "%(count)d event was processed.", "%(count)d events were processed.", "count"
    ),
    PaymentEvent.State.IGNORED: ngettext_lazy(
        "%(count)d event is of no account of ours and is ignored now.",
        "%(count)d events are of no account of ours and are ignored now.",
        "count",
    ),
    PaymentEvent.State.PENDING: ngettext_lazy(
        "%(count)d event failed again; it is tried again by itself. Its page says why.",
        "%(count)d events failed again; they are tried again by themselves. Their pages say why.",
        "count",
    ),
    PaymentEvent.State.DEAD: ngettext_lazy(
        "%(count)d event failed again and stays given up. Its page says why.",
        "%(count)d events failed again and stay given up. Their pages say why.",
        "count",
    ),
    NOT_DEAD: ngettext_lazy(
        "%(count)d event is not given up: nothing was done.",
        "%(count)d events are not given up: nothing was done.",
        "count",
    ),
    LEFT: ngettext_lazy(
        "%(count)d event was not reached in time. Try it again.",
        "%(count)d events were not reached in time. Try them again.",
        "count",
    ),
}
LEVELS = {
    PaymentEvent.State.DONE: messages.SUCCESS,
    PaymentEvent.State.DEAD: messages.ERROR,
    PaymentEvent.State.PENDING: messages.WARNING,
    LEFT: messages.WARNING,
}


def retry_events(events: Iterable[PaymentEvent]) -> dict[str, list[PaymentEvent]]:
    """Try dead events again, one after the other, until the time is over; return which ended in which state.

    Beside the states of events: NOT_DEAD, which something else settled meanwhile, and LEFT, which nobody touched.
    """
    ends: dict[str, list[PaymentEvent]] = {}
    deadline = time.monotonic() + LONGEST.total_seconds()
    for event in events:
        end = LEFT if time.monotonic() > deadline else _retry(event)
        ends.setdefault(end, []).append(event)
    return ends


def _retry(event: PaymentEvent) -> str:
    try:
        return retry_event(event_id=event.pk, now=timezone.now())
    except NotFound:
        return NOT_DEAD


def tell_ends(request: HttpRequest, ends: dict[str, list[PaymentEvent]]) -> None:
    """Say it in the operator's messages, a sentence for each state."""
    counts = Counter({end: len(events) for end, events in ends.items()})
    for end, words in WORDS.items():
        if counts[end]:
            messages.add_message(request, LEVELS.get(end, messages.INFO), words % {"count": counts[end]})
