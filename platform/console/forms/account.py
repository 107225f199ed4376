"""allauth's forms in the words and looks of the console (named in ACCOUNT_FORMS and MFA_FORMS)."""

from typing import Any

from allauth.account import forms as account
from allauth.account.forms import LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as second_factor
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.utils.translation import gettext_lazy as _
from staff.audit import record_event
from staff.models import User
from staff.requests import get_actor
from staff.second_factor import note_code_used, was_code_used

from tenants.transaction import find_current_shop


class SignInForm(LoginForm):  # type: ignore[misc]
    """E-mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, login=_("E-mail"), password=_("Password"))


class ForgotPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, email=_("E-mail"))


class NewPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, password1=_("New password"), password2=_("New password once more"))
        self.fields["password1"].help_text = _("At least 8 characters, not only digits.")


class ChangePasswordForm(account.ChangePasswordForm):  # type: ignore[misc]
    """The present password, then the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(
            self,
            oldpassword=_("Present password"),
            password1=_("New password"),
            password2=_("New password once more"),
        )
        self.fields["password1"].help_text = _("At least 8 characters, not only digits.")


class ConfirmPasswordForm(account.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before what is sensitive."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, password=_("Password"))


class _OnceOnly:
    """A code that was used is wrong from then on. It is looked for first: a repeated one must not end the counting."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        """Check the code and use it up."""
        if was_code_used(user_id=self.user.pk, code=self.cleaned_data["code"]):
            raise get_adapter().validation_error("incorrect_code")
        code: str = super().clean_code()  # type: ignore[misc]
        note_code_used(user_id=self.user.pk, code=code)
        return code


class CodeForm(_OnceOnly, second_factor.AuthenticateForm):  # type: ignore[misc]
    """A code at the sign-in; wrong ones are counted like wrong passwords and stand in the audit log."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename_code(self, _("Six digits from the app, or one of your recovery codes."))

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        super()._emit_authentication_failed(authenticator)
        if find_current_shop():
            actor = get_actor(context.request, name=self.user.email)
            record_event(event="sign_in_failed", actor=actor, subject="mfa_authenticator", label=self.user.email)


class CodeAgainForm(_OnceOnly, second_factor.ReauthenticateForm):  # type: ignore[misc]
    """A code once more, before what is sensitive."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename_code(self, _("Six digits from the app, or one of your recovery codes."))


class FirstCodeForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code shows that the app took the secret in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename_code(self, _("Six digits, as the app shows them now."))


def _rename_code(form: Any, help_text: Any) -> None:
    _rename(form, code=_("Verification code"))
    form.fields["code"].widget = forms.TextInput(
        attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false", "autofocus": True}
    )
    form.fields["code"].help_text = help_text


def _rename(form: Any, **labels: Any) -> None:
    for name, label in labels.items():
        form.fields[name].label = label
        form.fields[name].help_text = ""
        form.fields[name].widget.attrs.pop("placeholder", None)
