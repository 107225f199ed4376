"""Orders: list, look at, take the money."""

from uuid import UUID

from checkout.errors import OrderNotFound, OrderNotPayable
from checkout.models import Order
from checkout.selectors import get_order, list_orders
from checkout.services import mark_order_paid
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access import get_actor, staff_page
from console.paging import get_page_arguments
from console.posts import post_only
from console.selectors import get_order_extras, get_phones_of_orders


@require_safe
@staff_page("orders.view")
def order_list(request: HttpRequest) -> HttpResponse:
    """Every order, the newest first; `?status=` shows those of one state."""
    status = request.GET.get("status", "")
    status = status if status in Order.Status.values else ""
    page = list_orders(status=status or None, **get_page_arguments(request))
    phones = get_phones_of_orders(order_ids=[order.id for order in page])
    context = {
        "page": page,
        "rows": [(order, phones.get(order.id)) for order in page],
        "status": status,
        "statuses": [("", _("All")), ("placed", _("To be paid")), ("paid", _("Paid"))],
    }
    return render(request, "console/orders/list.html", context)


@require_safe
@staff_page("orders.view")
def order_detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One order: lines, what was taken off and why, payments."""
    order = get_order(order_id=order_id)
    if order is None:
        raise Http404
    return render(request, "console/orders/detail.html", {"order": order, "extras": get_order_extras(order=order)})


@post_only
@staff_page("orders.settle")
def order_paid(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The customer has paid at the counter. Pressed twice it stays paid."""
    try:
        with transaction.atomic():
            mark_order_paid(order_id=order_id, actor=get_actor(request), now=timezone.now())
    except OrderNotFound:
        raise Http404 from None
    except OrderNotPayable as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, _("The order is paid."))
    return redirect("console:order", order_id)
