"""One's own password, second factor, e-mail address and sessions. Everybody who is signed in has these pages."""

from typing import Any

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.base import views as second_factor
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.contrib import messages
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from kernel.errors import DomainError
from staff.audit import record_event
from staff.email_change import confirm_email_change, make_email_change, read_email_change
from staff.errors import LinkUnusable
from staff.people import end_sessions, list_sessions
from staff.permissions import SIGNED_IN
from staff.requests import get_actor
from staff.second_factor import used_second_factor
from staff.throttles import check_may_write_to

from console.access import staff_page
from console.devices import describe_device
from console.forms.fields import add_fault
from console.forms.staff import EmailChangeForm
from console.posts import post_only
from tenants.addresses import get_page_address
from tenants.transaction import act_as, current_shop

own_page = staff_page(SIGNED_IN, while_closed=True, not_for_support=True)
# What whoever must have a second factor reaches before having one, or before using it.
set_up_page = staff_page(SIGNED_IN, while_closed=True, without_second_factor=True, not_for_support=True)


@require_safe
@own_page
def overview(request: HttpRequest) -> HttpResponse:
    """How one signs in, and where one is signed in."""
    factors = {each.type: each for each in Authenticator.objects.filter(user_id=request.user.pk)}
    codes = factors.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "totp": factors.get(Authenticator.Type.TOTP),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": [
            (each, describe_device(each.user_agent), each.session_key == request.session.session_key)
            for each in list_sessions(user_id=request.user.pk)  # type: ignore[arg-type]
        ],
    }
    return render(request, "console/security/overview.html", context)


@post_only
@own_page
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions."""
    if not end_sessions(user_id=request.user.pk, session_id=session_id):  # type: ignore[arg-type]
        raise Http404
    record_event(event="session_ended", actor=get_actor(request))
    messages.success(request, _("The session has ended."))
    return redirect("mfa_index")


@post_only
@own_page
def sessions_end(request: HttpRequest) -> HttpResponse:
    """End all of one's own sessions but this one."""
    ended = end_sessions(user_id=request.user.pk, but=request.session.session_key)  # type: ignore[arg-type]
    record_event(event="session_ended", actor=get_actor(request), details={"sessions": ended})
    messages.success(request, _("All other sessions have ended."))
    return redirect("mfa_index")


@own_page
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def email_change(request: HttpRequest) -> HttpResponse:
    """Ask for another address to sign in with: a link goes to the new one."""
    form = EmailChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        try:
            token = make_email_change(user_id=request.user.pk, email=email)  # type: ignore[arg-type]
            check_may_write_to(request, email=email)
        except DomainError as fault:
            add_fault(form, fault)
        else:
            link = get_page_address(reverse("console:email_confirm", args=[token]))
            _send("email_change", to=email, url=link)
            messages.success(
                request, _("A link is on its way to the new address. Until it is opened the old one counts.")
            )
            return redirect("mfa_index")
    return render(request, "console/security/email.html", {"form": form})


@never_cache
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link leads, on whatever device: confirm, and sign in with the new address from then on."""
    try:
        if request.method == "POST":
            act_as(get_actor(request, name=read_email_change(token=token).old))
            with transaction.atomic():
                change = confirm_email_change(token=token, by=request.user.pk)
            _send("email_changed", to=change.old, new=change.new)
            return render(request, "console/security/email_done.html", {"change": change})
        change = read_email_change(token=token)
    except DomainError as fault:
        status = 410 if isinstance(fault, LinkUnusable) else 409
        return render(request, "console/security/email_over.html", {"fault": fault}, status=status)
    return render(request, "console/security/email_confirm.html", {"change": change})


class _Activate(totp.ActivateTOTPView):  # type: ignore[misc]
    """A session that was opened with the password alone is none from here on, but for this one, which gave a code."""

    def form_valid(self, form: ActivateTOTPForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        user, key = self.request.user, self.request.session.session_key
        record_authentication(self.request, user, method="mfa", type=Authenticator.Type.TOTP)
        if ended := end_sessions(user_id=user.pk, but=key):
            record_event(event="session_ended", actor=get_actor(self.request), details={"sessions": ended})
        return response


class _AgainByCode(second_factor.ReauthenticateView):  # type: ignore[misc]
    """A session that never gave a code is not led to the password, which is not enough for it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if not used_second_factor(self.request):
            context["reauthentication_alternatives"] = []
        return context


def _send(template: str, *, to: str, **facts: str) -> None:
    context = {"shop": current_shop(), **facts}
    subject = render_to_string(f"staff/email/{template}_subject.txt", context)
    EmailMessage(" ".join(subject.split()), render_to_string(f"staff/email/{template}.txt", context), to=[to]).send()


_FOLDER = "console/security"
password_change = own_page(
    sensitive_post_parameters()(account.PasswordChangeView.as_view(template_name=f"{_FOLDER}/password.html"))
)
reauthenticate = set_up_page(account.ReauthenticateView.as_view(template_name=f"{_FOLDER}/again.html"))
reauthenticate_by_code = set_up_page(_AgainByCode.as_view(template_name=f"{_FOLDER}/again.html"))
authenticate = second_factor.AuthenticateView.as_view(template_name=f"{_FOLDER}/code.html")
totp_activate = set_up_page(_Activate.as_view(template_name=f"{_FOLDER}/activate.html"))
totp_deactivate = own_page(totp.DeactivateTOTPView.as_view(template_name=f"{_FOLDER}/deactivate.html"))
codes_view = own_page(recovery_codes.ViewRecoveryCodesView.as_view(template_name=f"{_FOLDER}/codes.html"))
codes_generate = own_page(recovery_codes.GenerateRecoveryCodesView.as_view(template_name=f"{_FOLDER}/codes_new.html"))
