"""Addresses for the tests of the middleware."""

from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import include, path
from kernel.models import OutboxEvent
from kernel.outbox import publish
from staff.models import User

from tenants.transaction import current_shop, find_current_shop


def write(request: HttpRequest, outcome: str) -> HttpResponse:
    """Write an event, then end in one of several ways."""
    publish(topic=f"test.{outcome}", payload={})
    if outcome == "raised":
        raise ZeroDivisionError
    if outcome == "missing":
        raise Http404
    return HttpResponse(current_shop().slug, status=int(outcome))


def stream(request: HttpRequest) -> HttpResponseBase:
    """Read and write while the answer goes out."""

    def parts() -> Iterator[str]:
        for user in User.objects.all():
            yield user.email
        publish(topic="test.streamed", payload={})

    return StreamingHttpResponse(parts())


def session(request: HttpRequest) -> HttpResponse:
    """Count the visits in the session."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(request.session["visits"])


def show(request: HttpRequest) -> HttpResponse:
    """What the request knows of its shop."""
    return HttpResponse(f"{request.shop}|{find_current_shop()}|{OutboxEvent.__name__}")  # type: ignore[attr-defined]


urlpatterns = [
    path("write/<str:outcome>", write),
    path("stream", stream),
    path("session", session),
    path("show", show),
    path("i18n/", include("django.conf.urls.i18n")),
]
