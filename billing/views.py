"""Where Stripe's events arrive."""

import logging

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.errors import EventRefused
from billing.services import receive_event
from billing.tasks import enqueue_event

logger = logging.getLogger(__name__)


@csrf_exempt  # the signature says who sent it
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Verify, store, hand on. 200 means that it will not be lost; what it means is found out by a task."""
    signature = request.headers.get("Stripe-Signature", "")
    try:
        event_id = receive_event(payload=request.body, signature=signature, now=timezone.now())
    except EventRefused as refused:
        logger.warning("A webhook was refused: %s", refused.message)
        return HttpResponse(refused.message, status=400, content_type="text/plain")
    enqueue_event(event_id)
    return HttpResponse("", content_type="text/plain")
