"""The status page."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from website.language import public_page
from website.page import render_page
from website.status import get_report


@require_safe
@never_cache
@public_page
def status(request: HttpRequest) -> HttpResponse:
    """Whether the parts of Laxin can be reached; 503 where one that everything needs cannot."""
    report = get_report()
    return render_page(
        request,
        "website/status.html",
        title=f"{_('Status')} · Laxin",
        description=_("Whether the parts of Laxin work right now."),
        report=report,
        status=200 if report.works else 503,
    )
