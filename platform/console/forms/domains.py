"""The form that asks for a domain."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DomainForm(forms.Form):
    """A host name; what is one, the service says."""

    host = forms.CharField(
        label=_("Domain"),
        max_length=253,
        widget=forms.TextInput(
            attrs={
                "placeholder": "shop.example.com", "spellcheck": "false", "autocapitalize": "none",
                "autocomplete": "off", "inputmode": "url",
            }
        ),
        help_text=_("A name that you own, without https:// and without a path."),
    )  # fmt: skip
