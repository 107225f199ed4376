"""`/healthz`: the process answers. `/readyz`: database, broker and migrations are there too. On every host."""

import json
from collections.abc import Callable

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tenants.schemas import migrations_on_disk

TIMEOUT_SECONDS = 2
type Check = Callable[[], str | None]


class HealthMiddleware:
    """Answers probes before the Host header is looked at: they address the machine."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path == "/readyz":
            return ready()
        return self.get_response(request)


def ready() -> JsonResponse:
    """200 where every check passes, else 503; the body names what is missing and never says more."""
    faults = {name: check() for name, check in CHECKS.items()}
    missing = {name: fault for name, fault in faults.items() if fault}
    return JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)


def check_database() -> str | None:
    """The application login can reach the database, and new shops have all that this version knows."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT migrations FROM tenants_shoptemplate ORDER BY id DESC LIMIT 1")
            row = cursor.fetchone()
    except Exception:
        return "unreachable"
    return None if row and migrations_on_disk() <= set(json.loads(row[0])) else "migrations pending"


def check_broker() -> str | None:
    """A connection to the broker can be opened."""
    try:
        with current_app.connection_for_write(connect_timeout=TIMEOUT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=TIMEOUT_SECONDS)
    except (OperationalError, OSError):
        return "unreachable"
    return None


def check_cache() -> str | None:
    """The cache answers; in memory it always does."""
    if "redis" not in settings.CACHES["default"]["BACKEND"]:
        return None
    try:
        cache.get("ready")
    except (RedisError, OSError):
        return "unreachable"
    return None


CHECKS: dict[str, Check] = {"database": check_database, "broker": check_broker, "cache": check_cache}
