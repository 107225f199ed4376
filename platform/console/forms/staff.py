"""Forms about people and roles."""

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from staff.permissions import GROUPS, PERMISSIONS


class RoleForm(forms.Form):
    """Which role somebody has; only those that may be handed out."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, roles: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(roles)


class InvitationForm(RoleForm):
    """Whom to invite, with which role."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    field_order = ("email", "role")


class AcceptForm(forms.Form):
    """What somebody who was invited gives."""

    name = forms.CharField(label=_("Your name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters, not only digits."),
    )


class CustomRoleForm(forms.Form):
    """A name and a tick for each permission; those beyond the own role cannot be ticked."""

    name = forms.CharField(label=_("Name"), max_length=50, help_text=_("For instance “Warehouse” or “Web developer”."))
    permissions = forms.MultipleChoiceField(
        label=_("Permission"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "checkbox"}),
        help_text=_("What is needed for it is added: who makes coupons also sees them."),
    )
    second_factor_required = forms.BooleanField(
        label=_("Demand a second factor"),
        required=False,
        help_text=_("Who has the role is led to its set-up before anything else."),
    )

    def __init__(self, *args: Any, held: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["permissions"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(key, name) for key, name in PERMISSIONS.items() if key in held]

    @property
    def groups(self) -> list[tuple[Any, list[forms.boundfield.BoundWidget]]]:
        """The ticks by group."""
        ticks = {tick.data["value"]: tick for tick in self["permissions"]}
        groups = [(group.name, [ticks[key] for key in group.permissions if key in ticks]) for group in GROUPS]
        return [(name, members) for name, members in groups if members]


class EmailChangeForm(forms.Form):
    """Where the link goes."""

    email = forms.EmailField(
        label=_("New e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
