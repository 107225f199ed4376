"""What a request may bring: a body of known size, within a limit. Refused before anything reads it.

Django keeps the files of any form that is posted, signed in or not, in the folder for temporary files, however large:
the check against forged forms reads them. A body without a length (sent in chunks) is none to Django, so its sender is
told instead of being answered as if nothing had come. What is not read gunicorn throws away, at most 64 KiB of it.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _


class BodyLimitMiddleware:
    """Answers 413 `BODY_TOO_LARGE` above MOST_BODY_BYTES, 411 `LENGTH_REQUIRED` without a length."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH")
        if length:
            return self.get_response(request) if _is_small(length) else _refuse(request, status=413)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return _refuse(request, status=411)
        return self.get_response(request)


def _is_small(length: str) -> bool:
    """What is no number counts as nothing, as it does for Django; the server has refused it before."""
    try:
        return int(length) <= settings.MOST_BODY_BYTES
    except ValueError:
        return not length.isdigit()  # thousands of digits


def _refuse(request: HttpRequest, *, status: int) -> HttpResponseBase:
    """Sessions and languages are worked out further in, so the browser's language decides."""
    with translation.override(translation.get_language_from_request(request)):
        if status == 413:
            code, heading = "BODY_TOO_LARGE", _("This is too much at once")
            text = _("At most %(limit)d MB can be sent. Choose a smaller file.") % {
                "limit": settings.MOST_BODY_BYTES // 1_000_000
            }
        else:
            code, heading = "LENGTH_REQUIRED", _("It is not said how much was sent")
            text = _("Send the body with the header Content-Length instead of in chunks.")
        if request.content_type == "application/json":
            return JsonResponse({"errors": [{"message": text, "extensions": {"code": code}}]}, status=status)
        return render(request, "refused_body.html", {"code": code, "heading": heading, "text": text}, status=status)
