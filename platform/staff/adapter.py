"""How allauth behaves here: no sign-up by itself, quiet, and never a way to another shop's host."""

import time
from typing import Any, ClassVar
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from staff.audit import record_event
from staff.models import User
from staff.requests import get_actor
from staff.throttles import count_guess, forget_guesses, may_send_new_password, name_guesser
from tenants.addresses import get_page_address
from tenants.transaction import act_as, current_shop, find_actor, find_current_shop


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Set as ACCOUNT_ADAPTER."""

    error_messages: ClassVar = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("E-mail or password is wrong."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Owners come with their shop (`staff.services.open_shop`)."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """`next` stays on the shop's own host: allauth would allow every subdomain, that is, every other shop."""
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say what happened; a second voice on top of them is noise."""

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Queue the message with the link; it goes to the address of the account, not to the one that was typed.

        Not again and again: anybody can ask for it. And not to an address that may be a stranger's.
        """
        if not user.email_is_proven or not may_send_new_password(self.request, email=user.email):
            return
        facts = {"shop": current_shop(), "url": context["password_reset_url"]}
        subject = render_to_string("staff/email/password_reset_subject.txt", facts)
        text = render_to_string("staff/email/password_reset.txt", facts)
        EmailMessage(" ".join(subject.split()), text, to=[user.email]).send()

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Lead to our own address: whoever asks for a link to be sent chooses what Host the request names."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return get_page_address(path.replace("UID-KEY", quote(key)))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Attempts at an account are counted closely by who asks and its address; keys of the cache carry the shop.

        allauth counts by Host too, which whoever guesses can spell in many ways.
        """
        return name_guesser(request, email=str(credentials.get("email", "")))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Attempts from everywhere at one account are counted too, by a much wider limit; the right one is not."""
        super().pre_authenticate(request, **credentials)
        usage = count_guess(request, email=str(credentials.get("email", "")))
        if usage is None:
            raise self.validation_error("too_many_login_attempts")
        self._login_failed_rl_usage.usage += usage.usage

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Who chose a new password by link may sign in with it, however many guessed before."""
        super()._delete_login_attempts_cached_email(request, **credentials)
        forget_guesses(request, email=str(credentials.get("email", "")))

    def set_password(self, user: User, password: str) -> None:
        """By a link from an e-mail nobody is signed in; the audit log names whose link it was."""
        if find_current_shop() and find_actor() is None:
            act_as(get_actor(self.request, name=user.email))
        super().set_password(user, password)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever signed in a moment ago has just given the password."""
        records = get_authentication_records(self.request, self.request.user)
        latest = max((record["at"] for record in records), default=0.0)
        return bool(time.time() - latest >= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the page of one's own security."""
        return reverse("mfa_index")

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Operators' sign-ins, in public, are the back office's business."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if find_current_shop():
            record_event(event="sign_in", actor=get_actor(request), label=user.email)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Who tried what is typed; attempts are limited before they come here."""
        super().authentication_failed(request, **credentials)
        if find_current_shop():
            typed = str(credentials.get("email", ""))
            record_event(event="sign_in_failed", actor=get_actor(request, name=typed), label=typed)

    def logout(self, request: HttpRequest) -> None:
        """Noted before the session forgets who it was."""
        if find_current_shop():
            record_event(event="sign_out", actor=get_actor(request))
        super().logout(request)
