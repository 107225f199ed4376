"""Addresses for the tests of the middleware."""

from collections.abc import Iterator
from threading import Barrier

from django.db import connection
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from kernel.models import OutboxEvent
from kernel.outbox import publish
from staff.models import User

from tenants.transaction import current_shop, find_current_shop, outside

BARRIER = Barrier(2)
RUNS: list[str] = []  # what each run of `collide` was sent


def write(request: HttpRequest, outcome: str) -> HttpResponse:
    """Write an event, then end in one of several ways."""
    publish(topic=f"test.{outcome}", payload={})
    if outcome == "raised":
        raise ZeroDivisionError
    if outcome == "missing":
        raise Http404
    return HttpResponse(current_shop().slug, status=int(outcome))


def collide(request: HttpRequest, times: int) -> HttpResponse:
    """Write an event; the first runs of the request then meet what the database says of a deadlock."""
    RUNS.append(request.POST.get("said", ""))
    publish(topic=f"test.run{len(RUNS)}", payload={})
    if "outside" in request.GET:
        with outside():
            pass
    if len(RUNS) <= times:
        with connection.cursor() as cursor:
            code = request.GET.get("code", "40P01")
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")
    return HttpResponse("done")


def cross(request: HttpRequest, order: str) -> HttpResponse:
    """Change two rows in this order; the first time both requests have one before either asks for the other."""
    RUNS.append(order)
    for number, topic in enumerate(order):
        OutboxEvent.objects.filter(topic=topic).update(attempts=F("attempts") + 1)
        if number == 0 and len(RUNS) <= 2:
            BARRIER.wait(10)
    return HttpResponse("done")


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
    path("collide/<int:times>", csrf_exempt(collide)),
    path("cross/<str:order>", csrf_exempt(cross)),
    path("stream", stream),
    path("session", session),
    path("show", show),
    path("i18n/", include("django.conf.urls.i18n")),
]
