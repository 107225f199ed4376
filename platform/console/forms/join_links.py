"""The form that makes a join link."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from console.forms.fields import MomentField


class JoinLinkForm(forms.Form):
    """Where a code hangs and what it gives."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("For yourself, for instance “Poster at the till”.")
    )
    channel = forms.CharField(
        label=_("Channel"),
        max_length=40,
        required=False,
        help_text=_("Links of one channel can be counted together, for instance “till” or “flyer”."),
    )
    batch = forms.TypedChoiceField(
        label=_("Coupon"), required=False, coerce=UUID, empty_value=None, help_text=_("What a new member gets.")
    )
    code = forms.CharField(
        label=_("End of the address"),
        max_length=40,
        required=False,
        help_text=_("Lower-case letters, digits and hyphens. Left empty, one is made up."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    opens_at = MomentField(label=_("Opens"), required=False, help_text=_("Left empty: at once."))
    closes_at = MomentField(label=_("Closes"), required=False, help_text=_("Left empty: when you close it."))
    on_front_page = forms.BooleanField(
        label=_("Show it on the shop’s front page"),
        required=False,
        help_text=_(
            "To everybody who opens the shop’s address, in place of the link that is there now. "
            "Otherwise it is for those who scan the code or are sent the link."
        ),
    )

    def __init__(self, *args: Any, batches: Sequence[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["batch"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", _("No coupon")), *((str(key), name) for key, name in batches)]
