"""How allauth behaves here: no sign-up by itself, quiet, and never a way to another shop's host."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from staff.models import User
from tenants.transaction import current_shop


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Set as ACCOUNT_ADAPTER."""

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
        """Queue the message with the link; it goes to the address of the account, not to the one that was typed."""
        facts = {"shop": current_shop(), "url": context["password_reset_url"]}
        subject = render_to_string("staff/email/password_reset_subject.txt", facts)
        text = render_to_string("staff/email/password_reset.txt", facts)
        EmailMessage(" ".join(subject.split()), text, to=[user.email]).send()
