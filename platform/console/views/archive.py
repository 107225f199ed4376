"""The whole shop as a file: ask for it, see how far it is, fetch it."""

from allauth.account.decorators import reauthentication_required
from archives.errors import ArchiveRunning
from archives.selectors import find_archive, read_archive
from archives.services import ask_for_archive
from archives.tasks import write_archive
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from staff.audit import record_event
from staff.requests import get_actor

from console.access import staff_page
from tenants.tasks import enqueue_on_commit
from tenants.transaction import current_shop

# Also while the shop is closed: its data are the merchant's, and nobody else's.
archive_page = staff_page("archive.export", while_closed=True, not_for_support=True)


@archive_page
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def archive(request: HttpRequest) -> HttpResponse:
    """What the file holds, and the one there is; a post asks for another."""
    now = timezone.now()
    if request.method == "POST":
        actor = get_actor(request)
        try:
            ask_for_archive(by=actor.name, now=now)
        except ArchiveRunning as fault:
            messages.error(request, fault.message)
        else:
            record_event(event="export", actor=actor, subject="tenants_shop", label=current_shop().name)
            enqueue_on_commit(write_archive)
        return redirect("console:archive")
    return render(request, "console/archive/page.html", {"archive": find_archive(now=now)})


@require_safe
@archive_page
def archive_progress(request: HttpRequest) -> HttpResponse:
    """How far it is; the page asks every second while it is being written."""
    return render(request, "console/archive/state.html", {"archive": find_archive(now=timezone.now())})


@require_safe
@archive_page
@reauthentication_required  # type: ignore[untyped-decorator]
def archive_file(request: HttpRequest) -> HttpResponseBase:
    """The file, read from the database while it is sent."""
    now, shop = timezone.now(), current_shop()
    found, content = find_archive(now=now), read_archive(now=now)
    if found is None or content is None:
        messages.error(request, _("There is no file any more. Make another one."))
        return redirect("console:archive")
    actor = get_actor(request)
    record_event(event="download", actor=actor, subject="tenants_shop", label=shop.name, details={"bytes": found.size})
    response = StreamingHttpResponse(content, content_type="application/gzip")
    name = f"{shop.slug}-{timezone.localtime(found.asked_at):%Y-%m-%d-%H%M}.tar.gz"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Length"] = str(found.size)
    return response
