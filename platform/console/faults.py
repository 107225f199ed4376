"""Refused calls, told on the next page."""

from django.contrib import messages
from django.http import HttpRequest
from kernel.errors import DomainError

from tenants.errors import FeatureMissing, PlanLimitReached

NEEDS_PLAN = "needs_plan"  # the page that shows the message leads to the plans


def tell_fault(request: HttpRequest, fault: DomainError) -> None:
    """Keep the fault's message for the next page, with the way to the plans where a larger one would help."""
    needs_plan = isinstance(fault, PlanLimitReached | FeatureMissing)
    messages.error(request, fault.message, extra_tags=NEEDS_PLAN if needs_plan else "")
