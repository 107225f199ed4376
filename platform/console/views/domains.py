"""Domains of the shop's own: ask for one, prove it, make it the main one, give it up.

They are public rows and their proof is asked for over the network, so both happen outside the shop's transaction.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from kernel.errors import DomainError, NotFound
from staff.audit import record_event
from staff.requests import get_actor

from console.access import may_open, staff_page
from console.forms.domains import DomainForm
from console.forms.fields import add_fault
from console.posts import post_only
from tenants.domains import (
    add_domain,
    list_domains,
    proof_of,
    remove_domain,
    set_primary_domain,
    verify_domain,
)
from tenants.entitlements import get_entitlements
from tenants.errors import DomainUnproven
from tenants.transaction import current_shop, outside

# A check keeps a thread of the web server waiting for others' servers, up to ten seconds.
SECONDS_BETWEEN_CHECKS = 10
CHECKED_LATELY = "domain-check"


@staff_page("domains.manage")
def domain_list(request: HttpRequest) -> HttpResponse:
    """Every domain with what is left to do for it, and the form that asks for another one."""
    shop, form = current_shop(), DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with outside():
                proof = add_domain(shop=shop, host=form.cleaned_data["host"], now=timezone.now())
        except DomainError as fault:
            add_fault(form, fault)
        else:
            _record(request, "insert", proof.host)
            messages.success(request, _("The domain was noted. Prove now that it is yours."))
            return redirect("console:domains")
    with outside():
        rows = [(domain, proof_of(domain)) for domain in list_domains(shop)]
    context = {
        "form": form,
        "may_add": get_entitlements(shop).has_feature("custom_domains"),
        "may_pay": may_open(request, "console:billing"),
        "rows": rows,
        "target": f"{shop.slug}.{settings.BASE_HOST}",
    }
    return render(request, "console/domains.html", context, status=422 if form.errors else 200)


@post_only
@staff_page("domains.manage")
def domain_check(request: HttpRequest, host: str) -> HttpResponse:
    """Look for the proof now."""
    shop = current_shop()
    if not cache.add(CHECKED_LATELY, 1, SECONDS_BETWEEN_CHECKS):
        messages.warning(request, _("A check was made just now. Wait ten seconds before the next one."))
        return redirect("console:domains")
    return _do(
        request,
        ("update", host),
        lambda: verify_domain(shop=shop, host=host, now=timezone.now()),
        _("The domain is proven: the shop answers there as soon as the domain leads to us."),
    )


@post_only
@staff_page("domains.manage")
def domain_primary(request: HttpRequest, host: str) -> HttpResponse:
    """Lead visitors of the shop's other domains to this one."""
    shop = current_shop()
    return _do(
        request,
        ("update", host),
        lambda: set_primary_domain(shop=shop, host=host),
        _("Visitors of your other domains are led there now."),
    )


@post_only
@staff_page("domains.manage")
def domain_remove(request: HttpRequest, host: str) -> HttpResponse:
    """Give a domain up."""
    shop = current_shop()
    return _do(request, ("delete", host), lambda: remove_domain(shop=shop, host=host), _("The domain was removed."))


def _do(request: HttpRequest, event: tuple[str, str], work: Callable[[], object], said: str) -> HttpResponse:
    try:
        with outside():
            work()
    except NotFound:
        raise Http404 from None
    except DomainUnproven as fault:
        messages.warning(request, fault.message)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        _record(request, *event)
        messages.success(request, said)
    return redirect("console:domains")


def _record(request: HttpRequest, event: str, host: str) -> None:
    """In the audit log; its triggers see the shop's own tables alone."""
    record_event(event=event, actor=get_actor(request), subject="tenants_domain", label=host)
