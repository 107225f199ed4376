"""Forms of the first steps."""

from django import forms
from django.utils.translation import gettext_lazy as _
from onboarding.industries import INDUSTRIES


class SamplesForm(forms.Form):
    """Of which trade the samples are to be."""

    industry = forms.ChoiceField(label=_("What do you sell?"), choices=list(INDUSTRIES.items()))


class LogoForm(forms.Form):
    """A picture from the person's device."""

    logo = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG or WebP, at most 4 MB. A square one looks best."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
