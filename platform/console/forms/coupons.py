"""The form that makes a coupon."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any

from coupons.types import BatchInput
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from kernel.money import BASIS_POINTS

from console.forms.fields import MomentField, MoneyField, set_currency

# What is left of ten (8.5折), or what is taken off a hundred (15 %).
ZHE, OFF = "zhe", "off"
_RATE_WORDS = {
    ZHE: (_("Rate in 折"), _("8.5 means that the customer pays 85%.")),
    OFF: (_("Percent off"), _("15 means that the customer pays 85%.")),
}
# Without exponents: whole numbers of a million digits can be written in ten characters.
_RATE = re.compile(r"[0-9]{0,3}[.]?[0-9]{0,9}")
# Which field each choice asks for.
NEEDED = {
    "kind": {"amount": "amount", "percent": "percent"},
    "validity": {"days": "valid_days", "until": "valid_until"},
}


class CouponForm(forms.Form):
    """A batch as a merchant words it. Names of fields are those of `BatchInput` without `_minor` and `_bp`."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Customers see it, for instance “Newcomer coupon”.")
    )
    kind = forms.ChoiceField(
        label=_("What it gives"),
        choices=[("amount", _("An amount off")), ("percent", _("A share off"))],
        widget=forms.RadioSelect(attrs={"class": "radio"}),
        initial="amount",
    )
    amount = MoneyField(label=_("Amount off"))
    percent = forms.CharField(
        required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    rate_unit = forms.ChoiceField(choices=[(ZHE, ZHE), (OFF, OFF)], widget=forms.HiddenInput)
    minimum_spend = MoneyField(
        label=_("Minimum spend"), required=False, help_text=_("Left empty, it counts for every purchase.")
    )
    total = forms.IntegerField(
        label=_("How many in total"), min_value=1, max_value=10_000_000, initial=100, help_text=_("Then it stops.")
    )
    per_member_limit = forms.IntegerField(label=_("How many for one member"), min_value=1, max_value=100, initial=1)
    validity = forms.ChoiceField(
        label=_("How long it counts"),
        choices=[("days", _("Some days from the claim on")), ("until", _("Until a fixed day"))],
        widget=forms.RadioSelect(attrs={"class": "radio"}),
        initial="days",
    )
    valid_days = forms.IntegerField(label=_("Days"), min_value=1, max_value=3650, required=False, initial=30)
    valid_until = MomentField(label=_("Valid until"), required=False)
    claim_from = MomentField(label=_("Claims begin"), required=False, help_text=_("Left empty: at once."))
    claim_until = MomentField(
        label=_("Claims end"), required=False, help_text=_("Left empty: when all have been claimed.")
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_currency(self, currency)
        # The unit travels with the number: whoever switches the language half-way still means what was typed.
        spoken = ZHE if (get_language() or "").startswith("zh") else OFF
        unit = self.data.get("rate_unit", spoken) if self.is_bound else spoken
        self.initial["rate_unit"] = unit
        self.fields["percent"].label, self.fields["percent"].help_text = _RATE_WORDS.get(unit, _RATE_WORDS[OFF])
        # Of each pair the form shows one field, and what it shows is needed.
        for choice, needed in NEEDED.items():
            for value, name in needed.items():
                self.fields[name].required = not self.is_bound or self.data.get(choice) == value

    def clean_percent(self) -> int | None:
        """Basis points off."""
        text = unicodedata.normalize("NFKC", self.cleaned_data["percent"]).strip().removesuffix("%").removesuffix("折")
        in_zhe = self.data.get("rate_unit") == ZHE
        try:
            if not _RATE.fullmatch(text):
                raise InvalidOperation
            number = Decimal(text)
            points = BASIS_POINTS - number * 1000 if in_zhe else number * 100
            if points != int(points) or not 0 < points < BASIS_POINTS:
                raise InvalidOperation
        except InvalidOperation:
            message = (
                _("Write a number above 0 and below 10, like 8.5.")
                if in_zhe
                else _("Write a number above 0 and below 100, like 15.")
            )
            raise ValidationError(message, code="invalid") from None
        return int(points)

    def clean(self) -> dict[str, Any]:
        """What was typed into the other field of a pair does not count, wrong or right."""
        super().clean()
        for choice, needed in NEEDED.items():
            for value, name in needed.items():
                if self.data.get(choice) != value:
                    self.errors.pop(name, None)
                    self.cleaned_data[name] = None
        return self.cleaned_data

    def to_batch(self) -> BatchInput:
        """The valid form as the service takes it."""
        data = self.cleaned_data
        return BatchInput(
            name=data["name"],
            kind=data["kind"],
            amount_minor=data["amount"],
            percent_bp=data["percent"],
            minimum_spend_minor=data["minimum_spend"] or 0,
            total=data["total"],
            per_member_limit=data["per_member_limit"],
            claim_from=data["claim_from"],
            claim_until=data["claim_until"],
            valid_days=data["valid_days"],
            valid_until=data["valid_until"],
        )
