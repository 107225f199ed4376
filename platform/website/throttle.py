"""How often the forms of the public site are taken."""

from allauth.core.internal.ratelimit import consume
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _


def is_too_often(request: HttpRequest, form: forms.Form, *, action: str) -> bool:
    """Count what was posted by a rate of ACCOUNT_RATE_LIMITS. At its end the form says so, and keeps what was typed.

    A password is not sent back.
    """
    if consume(request, app="allauth.account", action=action):
        return False
    form.add_error(None, _("That was too often in a short time. Wait a few minutes and try again."))
    for field in form.fields.values():
        if isinstance(field.widget, forms.PasswordInput):
            field.widget.render_value = False
    return True
