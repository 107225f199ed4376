"""People of the shop: list, invite, change the role, close and open accounts; and the page that accepts."""

from collections.abc import Callable
from typing import cast
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from kernel.errors import DomainError, NotFound
from messaging.services import queue_template
from staff.errors import InvitationUnusable
from staff.invitations import (
    LIFETIME,
    accept_invitation,
    create_invitation,
    find_invited_email,
    list_invitations,
    renew_invitation,
    revoke_invitation,
)
from staff.models import User
from staff.people import (
    change_role_of,
    close_account,
    end_sessions_of,
    get_person,
    list_people,
    list_sessions,
    remove_second_factor,
    reopen_account,
)
from staff.permissions import CASHIER
from staff.requests import get_actor
from staff.roles import list_roles
from staff.throttles import check_may_write_to
from staff.types import IssuedInvitation

from console.access import confirmed, get_access_of, staff_page
from console.devices import describe_device
from console.faults import tell_fault
from console.forms.fields import add_fault
from console.forms.staff import AcceptForm, InvitationForm, RoleForm
from console.posts import post_only
from tenants.addresses import get_page_address
from tenants.errors import ShopClosed
from tenants.transaction import act_as, current_shop


@staff_page("staff.manage", shown_while_closed=True)
@confirmed
def staff_list(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, the open invitations, and the form for another one."""
    now, access = timezone.now(), get_access_of(request)
    form = InvitationForm(request.POST or None, roles=_list_choices(request), initial={"role": CASHIER})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                issued = create_invitation(
                    email=form.cleaned_data["email"],
                    role=form.cleaned_data["role"],
                    access=access,
                    inviter=_get_id(request),
                    invited_by=_name_of(request),
                    now=now,
                )
                _send(request, issued)
        except DomainError as fault:
            add_fault(form, fault)
        else:
            messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": issued.email})
            return redirect("console:staff")
    context = {"people": list_people(), "invitations": list_invitations(now=now), "form": form}
    return render(request, "console/staff/list.html", context)


@require_safe
@staff_page("staff.manage", shown_while_closed=True)
def staff_detail(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """One of them, with what can be changed."""
    try:
        person = get_person(user_id=user_id)
    except NotFound:
        raise Http404 from None
    roles, is_self = _list_choices(request), person.id == request.user.pk
    may_change = person.role in {code for code, _name in roles} or not person.role_name
    sessions = list_sessions(user_id=user_id) if may_change and not is_self else []
    context = {
        "person": person,
        "is_self": is_self,
        "may_change": may_change,
        "sessions": [(each, describe_device(each.user_agent)) for each in sessions],
        "form": RoleForm(initial={"role": person.role}, roles=roles),
    }
    return render(request, "console/staff/detail.html", context)


@post_only
@staff_page("staff.manage")
@confirmed
def staff_role(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Give somebody another role."""
    form = RoleForm(request.POST, roles=[(role.code, role.name) for role in list_roles()])
    role = form.cleaned_data["role"] if form.is_valid() else ""
    return _change(
        request,
        user_id,
        lambda: change_role_of(user_id=user_id, role=role, access=get_access_of(request), now=timezone.now()),
        _("The role is changed. It counts from their next page on."),
    )


@post_only
@staff_page("staff.manage", while_closed=True)
@confirmed
def staff_close(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let somebody in no longer."""
    by, access, now = _get_id(request), get_access_of(request), timezone.now()
    return _change(
        request,
        user_id,
        lambda: close_account(user_id=user_id, by=by, access=access, now=now),
        _("The account is closed, and every session of it has ended."),
    )


@post_only
@staff_page("staff.manage")
@confirmed
def staff_open(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let somebody in again."""
    return _change(
        request,
        user_id,
        lambda: reopen_account(user_id=user_id, access=get_access_of(request)),
        _("The account is open again."),
    )


@post_only
@staff_page("staff.manage")
@confirmed
def staff_second_factor(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Remove the second factor of somebody who lost it."""
    return _change(
        request,
        user_id,
        lambda: remove_second_factor(user_id=user_id, by=_get_id(request), access=get_access_of(request)),
        _("The second factor is removed. The password alone signs in until another one is set up."),
    )


@post_only
@staff_page("staff.manage", while_closed=True)
@confirmed
def staff_sessions_end(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Sign somebody out everywhere."""
    return _change(
        request,
        user_id,
        lambda: end_sessions_of(user_id=user_id, access=get_access_of(request)),
        _("All sessions of this account have ended."),
    )


@post_only
@staff_page("staff.manage", while_closed=True)
@confirmed
def staff_session_end(request: HttpRequest, user_id: UUID, session_id: int) -> HttpResponse:
    """Sign somebody out in one place."""
    return _change(
        request,
        user_id,
        lambda: end_sessions_of(user_id=user_id, access=get_access_of(request), session_id=session_id),
        _("The session has ended."),
    )


@post_only
@staff_page("staff.manage")
@confirmed
def invitation_send(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Send another link; the former one stops working."""
    try:
        with transaction.atomic():
            issued = renew_invitation(
                invitation_id=invitation_id,
                access=get_access_of(request),
                inviter=_get_id(request),
                invited_by=_name_of(request),
                now=timezone.now(),
            )
            _send(request, issued)
    except NotFound:
        raise Http404 from None
    except DomainError as fault:
        tell_fault(request, fault)
    else:
        messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": issued.email})
    return redirect("console:staff")


@post_only
@staff_page("staff.manage", while_closed=True)
def invitation_revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    try:
        revoke_invitation(invitation_id=invitation_id, now=timezone.now())
    except NotFound:
        raise Http404 from None
    messages.success(request, _("The invitation is taken back: its link no longer works."))
    return redirect("console:staff")


@never_cache
@sensitive_post_parameters("password")
def invitation_accept(request: HttpRequest, invitation_secret: str) -> HttpResponse:
    """Where the link of an invitation leads: give name and password, and be signed in."""
    now = timezone.now()
    try:
        email = find_invited_email(secret=invitation_secret, now=now)
    except (InvitationUnusable, ShopClosed) as fault:
        return _refuse_guest(request, fault)
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act_as(get_actor(request, name=email))
        try:
            with transaction.atomic():
                user_id = accept_invitation(
                    secret=invitation_secret,
                    name=form.cleaned_data["name"],
                    password=form.cleaned_data["password"],
                    language=get_language() or current_shop().language,
                    now=now,
                )
        except (InvitationUnusable, ShopClosed) as fault:
            return _refuse_guest(request, fault)
        except DomainError as fault:
            add_fault(form, fault)
        else:
            user = User.objects.get(pk=user_id)
            record_authentication(request, user, method="password")
            response: HttpResponse = perform_login(request, user, redirect_url=reverse("console:home"))
            return response
    return render(request, "console/staff/accept.html", {"form": form, "email": email})


def _refuse_guest(request: HttpRequest, fault: InvitationUnusable | ShopClosed) -> HttpResponse:
    is_over = isinstance(fault, InvitationUnusable)
    context = {"fault": fault, "is_over": is_over}
    return render(request, "console/staff/invitation_over.html", context, status=410 if is_over else 403)


def _change(request: HttpRequest, user_id: UUID, change: Callable[[], None], done: str) -> HttpResponse:
    try:
        with transaction.atomic():
            change()
    except NotFound:
        raise Http404 from None
    except DomainError as fault:
        tell_fault(request, fault)
    else:
        messages.success(request, done)
    return redirect("console:staff_member", user_id)


def _list_choices(request: HttpRequest) -> list[tuple[str, str]]:
    """Roles that whoever asks may hand out."""
    held = get_access_of(request).permissions
    return [(role.code, role.name) for role in list_roles() if held >= role.permissions]


def _get_id(request: HttpRequest) -> UUID:
    return cast(User, request.user).pk


def _name_of(request: HttpRequest) -> str:
    user = request.user
    return user.name or user.email  # type: ignore[union-attr]


def _send(request: HttpRequest, issued: IssuedInvitation) -> None:
    check_may_write_to(request, email=issued.email)
    shop = current_shop()
    context = {
        "shop_name": shop.name,
        "console_url": get_page_address(reverse("console:home")),
        "who": _name_of(request),
        "link": get_page_address(reverse("console:invitation", args=[issued.secret])),
        "days": LIFETIME.days,
    }
    queue_template(
        template="staff_invitation", to=[issued.email], language=shop.language, context=context, now=timezone.now()
    )
