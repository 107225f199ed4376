"""The form that makes an API key."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ApiKeyForm(forms.Form):
    """What for, where it is kept, and from which pages it may be used."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Where it is used, for instance “Web shop”."))
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            ("public", _("Public: may stand in a web page")),
            ("secret", _("Secret: stays on your server")),
        ],
        widget=forms.RadioSelect(attrs={"class": "radio"}),
        initial="public",
    )
    origins = forms.CharField(
        label=_("Origins"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "placeholder": "https://shop.example.com"}),
        help_text=_("For public keys, one a line. Left empty, every page may use it."),
    )
