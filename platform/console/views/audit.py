"""The audit log: list, look at one entry, take it along as CSV."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from staff.audit import (
    EVENTS,
    SUBJECTS,
    SYSTEM,
    Filter,
    describe_actor,
    find_entry,
    list_entries,
    read_entries,
    record_event,
)
from staff.models import AuditEntry
from staff.people import list_people
from staff.requests import get_actor

from console.access import staff_page
from console.faults import tell_fault
from console.paging import get_page_arguments
from tenants.entitlements import check_feature
from tenants.errors import FeatureMissing
from tenants.transaction import current_shop

CSV_HEADER = (
    "at", "who", "actor", "event", "subject", "key", "label", "ip", "user agent", "path", "before", "after"
)  # fmt: skip


@require_safe
@staff_page("audit.view")
def audit_list(request: HttpRequest) -> HttpResponse:
    """Entries, the newest first; `?actor=`, `?event=`, `?subject=`, `?since=` and `?until=` (days, both included)."""
    people = [(f"staff:{person.id}", person.name or person.email) for person in list_people()]
    page = list_entries(chosen=_read_filter(request), **get_page_arguments(request))
    context = {
        "page": page,
        "rows": [(entry, _say(entry), describe_actor(entry.actor)) for entry in page],
        "chosen": request.GET,
        "people": [*people, *SYSTEM.items()],
        "events": EVENTS.items(),
        "subjects": SUBJECTS.items(),
        "is_filtered": any(request.GET.get(name) for name in ("actor", "event", "subject", "since", "until")),
    }
    return render(request, "console/audit/list.html", context)


@require_safe
@staff_page("audit.view")
def audit_detail(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One entry with what stood there before and after."""
    entry = find_entry(entry_id=entry_id)
    if entry is None:
        raise Http404
    before, after = entry.before or {}, entry.after or {}
    values = [(name, _show(before, name), _show(after, name)) for name in sorted({*before, *after})]
    context = {"entry": entry, "what": _say(entry), "system": describe_actor(entry.actor), "values": values}
    return render(request, "console/audit/detail.html", context)


@require_safe
@staff_page("audit.view")
def audit_export(request: HttpRequest) -> HttpResponse:
    """What the filter lets through as CSV for spreadsheets, sent while it is read."""
    try:
        check_feature(current_shop(), "audit_export")
    except FeatureMissing as fault:
        tell_fault(request, fault)
        return redirect("console:audit")
    chosen = _read_filter(request)
    record_event(event="export", actor=get_actor(request), label="audit", details=dict(request.GET.items()))
    name = f"audit-{current_shop().slug}-{timezone.localtime():%Y-%m-%d}.csv"
    response: HttpResponseBase = StreamingHttpResponse(_write_csv(chosen), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response  # type: ignore[return-value]


def _write_csv(chosen: Filter) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(CSV_HEADER)  # the mark by which spreadsheets know UTF-8
    for entry in read_entries(chosen=chosen):
        yield writer.writerow(
            [
                entry.at.astimezone(UTC).isoformat(),
                _cell(entry.actor_name),
                _cell(entry.actor),
                entry.event,
                entry.subject,
                _cell(entry.row_key),
                _cell(entry.label),
                entry.ip or "",
                _cell(entry.user_agent),
                _cell(entry.path),
                "" if entry.before is None else json.dumps(entry.before, ensure_ascii=False),
                "" if entry.after is None else json.dumps(entry.after, ensure_ascii=False),
            ]
        )


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text


def _cell(text: str) -> str:
    """A spreadsheet takes what begins like this for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _read_filter(request: HttpRequest) -> Filter:
    """Days are those of the shop; what is no day is as if left out."""
    since, until = (_read_day(request.GET.get(name, "")) for name in ("since", "until"))
    chosen = {name: request.GET.get(name, "").replace("\0", "") for name in ("actor", "event", "subject")}
    return Filter(**chosen, since=_begin(since), until=_begin(until + timedelta(days=1)) if until else None)


def _read_day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 1970 <= day.year < 9000 else None


def _begin(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def _say(entry: AuditEntry) -> str:
    """What happened, in words: `Product changed`."""
    event = EVENTS.get(entry.event, entry.event)
    if not entry.subject:
        return str(event)
    return _("%(what)s: %(event)s") % {"what": SUBJECTS.get(entry.subject, entry.subject), "event": event}


def _show(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return ""
    value = values[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
