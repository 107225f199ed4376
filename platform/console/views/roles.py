"""Roles: the grid of who may what, and roles of the shop's own."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from kernel.errors import DomainError, NotFound
from staff.permissions import GROUPS
from staff.roles import change_role, create_role, delete_role, get_role, list_roles, require_second_factor

from console.access import confirmed, get_access_of, staff_page
from console.forms.fields import add_fault
from console.forms.staff import CustomRoleForm
from console.posts import post_only


@require_safe
@staff_page("staff.manage")
def role_list(request: HttpRequest) -> HttpResponse:
    """Every permission × every role."""
    roles = list_roles()
    grid = [
        (group.name, [(name, [key in role.permissions for role in roles]) for key, name in group.permissions.items()])
        for group in GROUPS
    ]
    return render(request, "console/staff/roles.html", {"roles": roles, "grid": grid})


@staff_page("roles.manage")
@confirmed
def role_create(request: HttpRequest) -> HttpResponse:
    """Make a role of the shop's own."""
    form = CustomRoleForm(request.POST or None, held=get_access_of(request).permissions)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                create_role(**form.cleaned_data, access=get_access_of(request), now=timezone.now())
        except DomainError as fault:
            add_fault(form, fault)
        else:
            messages.success(request, _("The role is ready. Give it to somebody on the page Staff."))
            return redirect("console:roles")
    return render(request, "console/staff/role.html", {"form": form, "role": None})


@staff_page("roles.manage")
@confirmed
def role_change(request: HttpRequest, role: str) -> HttpResponse:
    """Change a role of the shop's own."""
    try:
        found = get_role(code=role)
    except NotFound:
        raise Http404 from None
    if not found.is_custom:
        return redirect("console:roles")
    initial = {
        "name": found.name,
        "permissions": sorted(found.permissions),
        "second_factor_required": found.second_factor_required,
    }
    form = CustomRoleForm(request.POST or None, held=get_access_of(request).permissions, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                change_role(code=role, **form.cleaned_data, access=get_access_of(request))
        except DomainError as fault:
            add_fault(form, fault)
        else:
            messages.success(request, _("The role is changed. It counts from everybody's next page on."))
            return redirect("console:roles")
    return render(request, "console/staff/role.html", {"form": form, "role": found})


@post_only
@staff_page("roles.manage")
@confirmed
def role_delete(request: HttpRequest, role: str) -> HttpResponse:
    """Delete a role that nobody has."""
    try:
        with transaction.atomic():
            delete_role(code=role, access=get_access_of(request))
    except NotFound:
        raise Http404 from None
    except DomainError as fault:
        messages.error(request, fault.message)
        return redirect("console:role", role)
    messages.success(request, _("The role is deleted."))
    return redirect("console:roles")


@post_only
@staff_page("roles.manage")
@confirmed
def role_second_factor(request: HttpRequest, role: str) -> HttpResponse:
    """Demand a second factor of everybody with a role, or no longer."""
    required = request.POST.get("required") == "yes"
    try:
        require_second_factor(code=role, required=required, access=get_access_of(request))
    except NotFound:
        raise Http404 from None
    except DomainError as fault:
        messages.error(request, fault.message)
        return redirect("console:roles")
    messages.success(
        request,
        _("Who has this role is led to the set-up of a second factor before anything else.")
        if required
        else _("Who has this role may work without a second factor."),
    )
    return redirect("console:roles")
