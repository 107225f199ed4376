"""Forms of the public site.

That of sign-up asks only that nothing is missing; what is right is decided by `staff.services.check_new_shop`, which
names all faults.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from onboarding.industries import INDUSTRIES

from billing.plans import INTERVALS, PLANS


class SignUpForm(forms.Form):
    """What opens a shop. `plan` and `interval` come along from the page of prices; without them it is a trial."""

    name = forms.CharField(
        label=_("Shop name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
    )
    slug = forms.CharField(
        label=_("Address of the shop"),
        max_length=40,
        help_text=_("Lower-case letters a–z, digits and hyphens. It stands in every printed code, so keep it short."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "data-preview": "slug-preview",
            }
        ),
    )
    industry = forms.ChoiceField(
        label=_("What do you sell?"),
        choices=[("", _("Choose …")), *INDUSTRIES.items()],
        required=False,
        help_text=_("It decides which sample data we offer you. Nothing else depends on it."),
    )
    email = forms.CharField(
        label=_("Your e-mail"),
        help_text=_("You sign in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 8 characters, not only digits."),
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password", "data-strength": "password-strength"}, render_value=True
        ),
    )
    language = forms.ChoiceField(
        label=_("Language of the shop"),
        choices=settings.LANGUAGES,
        widget=forms.RadioSelect,
        help_text=_("Currency and time zone follow from it: CNY and Shanghai, or USD and UTC."),
    )
    plan = forms.ChoiceField(
        choices=[("", ""), *((key, key) for key in PLANS)], required=False, widget=forms.HiddenInput
    )
    interval = forms.ChoiceField(
        choices=[("", ""), *((key, key) for key in INTERVALS)], required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("language", get_language())

    def clean_slug(self) -> str:
        """Capitals are forgiven: phones write them by themselves."""
        return str(self.cleaned_data["slug"]).strip().lower()


class SignInForm(forms.Form):
    """Where the shop is."""

    address = forms.CharField(
        label=_("Address of the shop"),
        max_length=300,
        help_text=_("Its short name, its whole address or its own domain."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )


class FindShopForm(forms.Form):
    """Who asks."""

    email = forms.EmailField(
        label=_("Your e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )

    def clean_email(self) -> str:
        """As addresses are kept."""
        return str(self.cleaned_data["email"]).strip().lower()
