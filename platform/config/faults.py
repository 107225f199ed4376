"""What a person sees after a fault: handler500 of all addresses."""

import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.defaults import server_error

RETRY_SECONDS = 30


def show_fault(request: HttpRequest) -> HttpResponse:
    """While the database cannot be reached: a page that says to come back (503). After any other fault the page of 500.

    The fault may lie before the language was worked out, so the browser's counts.
    """
    with translation.override(translation.get_language_from_request(request)):
        if isinstance(sys.exc_info()[1], OperationalError):
            page = render_to_string("503.html")
            return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
        return server_error(request)
