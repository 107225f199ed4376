"""Searching products and correcting stock."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.forms.fields import MoneyField, set_currency


class ProductForm(forms.Form):
    """A product with one variant."""

    name = forms.CharField(label=_("Name"), max_length=300)
    sku = forms.CharField(label=_("SKU"), max_length=64, help_text=_("Your own article number; each one only once."))
    barcode = forms.CharField(label=_("Barcode"), max_length=64, required=False)
    brand = forms.CharField(label=_("Brand"), max_length=100, required=False)
    category = forms.CharField(
        label=_("Category"), max_length=400, required=False, help_text=_("Parts from the top down, like Food / Fruit.")
    )
    price = MoneyField(label=_("Price"))
    quantity = forms.IntegerField(label=_("In stock"), min_value=0, max_value=1_000_000, initial=0)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_currency(self, currency)


class StockForm(forms.Form):
    """A correction: how many more or fewer there are, and why."""

    variant = forms.UUIDField(widget=forms.HiddenInput)
    quantity = forms.IntegerField(
        label=_("Change"),
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=_("5 adds five, -2 takes two away."),
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("It stays in the history, for instance “broken”.")
    )
