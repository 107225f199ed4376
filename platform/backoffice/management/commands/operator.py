"""`laxin operator add|list|close|reopen|reset`."""

import getpass
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from staff.models import User

from backoffice.visits import end_visits


class Command(BaseCommand):
    """The people who may enter the back office."""

    help = "Add, list, close or reopen operators of the back office, or reset a lost second factor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="let somebody in; the first sign-in asks for a second factor")
        add.add_argument("email")
        add.add_argument("--name", default="")
        add.add_argument("--read-only", action="store_true", help="may look at everything and change nothing")
        add.add_argument("--password", help="left out: asked for, or read from a pipe; empty: made up and printed")
        actions.add_parser("list", help="list all operators")
        for action, what in (
            ("close", "end the sessions of an operator and let nobody in with this address"),
            ("reopen", "let a closed operator in again"),
            ("reset", "forget a lost second factor: the next sign-in sets up a new one"),
        ):
            actions.add_parser(action, help=what).add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the action says."""
        with override("en"):
            getattr(self, f"_{options['action']}")(options)

    def _add(self, options: dict[str, Any]) -> None:
        email = options["email"].strip().lower()
        if User.objects.filter(email=email).exists():
            raise CommandError(f"{email} is an operator already.")
        typed = _ask_password() if options["password"] is None else options["password"]
        password = typed or secrets.token_urlsafe(12)
        try:
            validate_email(email)
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        User.objects.create_user(
            email, password, name=options["name"], is_staff=True, is_superuser=not options["read_only"], language="en"
        )
        self.stdout.write(f"Back office  {_address()}")
        if not typed:
            self.stdout.write(f"Password     {password}")

    def _list(self, options: dict[str, Any]) -> None:
        with_factor = set(Authenticator.objects.filter(type="totp").values_list("user_id", flat=True))
        for user in User.objects.filter(is_staff=True).order_by("email"):
            rights = "everything" if user.is_superuser else "read-only"
            factor = "second factor" if user.pk in with_factor else "no second factor yet"
            self.stdout.write(f"{user.email}\t{'open' if user.is_active else 'closed'}\t{rights}\t{factor}")

    def _close(self, options: dict[str, Any]) -> None:
        self._set_active(options["email"], is_active=False)

    def _reopen(self, options: dict[str, Any]) -> None:
        self._set_active(options["email"], is_active=True)

    def _reset(self, options: dict[str, Any]) -> None:
        user = _get(options["email"])
        Authenticator.objects.filter(user=user).delete()
        end_sessions(user)
        self.stdout.write(f"{user.email}\tsets up a new second factor at the next sign-in")

    def _set_active(self, email: str, *, is_active: bool) -> None:
        user = _get(email)
        User.objects.filter(pk=user.pk).update(is_active=is_active)
        if not is_active:
            end_sessions(user)
        self.stdout.write(f"{user.email}\t{'open' if is_active else 'closed'}")


def end_sessions(user: User) -> None:
    """Delete the sessions of an operator: on the public site, where there are only operators', and in shops."""
    mine = [each.pk for each in Session.objects.iterator() if each.get_decoded().get("_auth_user_id") == str(user.pk)]
    Session.objects.filter(pk__in=mine).delete()
    end_visits(user, now=timezone.now())


def _get(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower(), is_staff=True).first()
    if user is None:
        raise CommandError(f"There is no operator {email}. `laxin operator list` names them.")
    return user


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass("Password of the operator (empty: one is made up): ")


def _address() -> str:
    return settings.BASE_URL + reverse("admin:index")
