"""The owner's address: a link that was sent there, opened by who is signed in, proves it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from kernel.errors import DomainError
from messaging.services import queue_template
from staff.email_proof import LIFETIME, check_email_proof, make_email_proof, prove_email
from staff.errors import LinkUnusable
from staff.models import User
from staff.permissions import SIGNED_IN
from staff.throttles import check_may_write_to

from console.access import staff_page
from console.faults import tell_fault
from tenants.addresses import get_page_address
from tenants.transaction import current_shop

own_page = staff_page(SIGNED_IN, while_closed=True, not_for_support=True)


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def overview(request: HttpRequest) -> HttpResponse:
    """Whether the address is confirmed; a post sends the link again."""
    user = cast(User, request.user)
    if request.method != "POST" or user.email_is_proven:
        return render(request, "console/security/address.html", {"days": LIFETIME.days})
    try:
        check_may_write_to(request, email=user.email)
    except DomainError as fault:
        tell_fault(request, fault)
    else:
        _send(user)
        messages.success(request, _("The link is on its way. Look into the spam folder too."))
    return redirect("console:address")


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def confirm(request: HttpRequest, proof: str) -> HttpResponse:
    """Where the link leads. A stranger who got it cannot sign in, and so confirms nothing."""
    user = cast(User, request.user)
    try:
        if request.method == "POST":
            prove_email(proof=proof, user=user)
            messages.success(request, _("Thank you: %(email)s is confirmed.") % {"email": user.email})
            return redirect("console:home")
        check_email_proof(proof=proof, user=user)
    except LinkUnusable:
        messages.error(request, _("This link is too old, or of another address than the one you sign in with."))
        return redirect("console:address")
    return render(request, "console/security/address_confirm.html")


def _send(user: User) -> None:
    shop = current_shop()
    proof = make_email_proof(user_id=user.pk, email=user.email)
    context = {
        "shop_name": shop.name,
        "console_url": get_page_address(reverse("console:home")),
        "link": get_page_address(reverse("console:address_confirm", args=[proof])),
        "days": LIFETIME.days,
    }
    queue_template(
        template="confirm_email", to=[user.email], language=user.language, context=context, now=timezone.now()
    )
