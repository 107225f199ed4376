"""The mails of an installation on the own machine, which are written into files: to follow what they lead to."""

from pathlib import Path

from csp.decorators import csp
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from messaging.written import WrittenMail, find_written_mail, list_written_mails

from website.language import public_page
from website.page import render_page

MOST = 100


@require_safe
@never_cache
@public_page
def mail_list(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    title = f"{_('Written mails')} · Laxin"
    mails = list_written_mails(_get_folder(), most=MOST)
    return render_page(request, "website/mails.html", title=title, description="", mails=mails, most=MOST)


@require_safe
@never_cache
@public_page
def mail(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One mail as text; its links can be followed."""
    found = _get(name, number)
    return render_page(request, "website/mail.html", title=f"{found.subject} · Laxin", description="", mail=found)


@require_safe
@never_cache
@csp({"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "frame-ancestors": ["'none'"]})  # type: ignore[arg-type]
def mail_page(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """The HTML part alone, as a mail program shows it: it loads and runs nothing."""
    found = _get(name, number)
    if not found.html:
        raise Http404
    return HttpResponse(found.html)


def _get_folder() -> Path:
    if settings.SHOWN_MAIL_FOLDER is None:
        raise Http404
    return settings.SHOWN_MAIL_FOLDER


def _get(name: str, number: int) -> WrittenMail:
    found = find_written_mail(_get_folder(), name=name, number=number)
    if found is None:
        raise Http404
    return found
