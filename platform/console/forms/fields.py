"""Money and choices as people type them."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from kernel.errors import DomainError
from kernel.money import currency_symbol, format_minor, parse_minor

from tenants.errors import FeatureMissing, PlanLimitReached


class MoneyField(forms.CharField):
    """An amount such as `12.30`, `¥12.30` or `1,280`; its value is minor units of `currency`, None where left empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)
        self.currency = "CNY"

    def prepare_value(self, value: Any) -> Any:
        """What was typed stays; an initial number of minor units is written out."""
        return format_minor(value, self.currency) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Minor units of what was typed."""
        text = str(super().clean(value) or "")
        text = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
        for symbol in (unicodedata.normalize("NFKC", currency_symbol(self.currency)), "¥", "元"):
            text = text.removeprefix(symbol).removesuffix(symbol)
        if not text:
            if self.required:  # a currency's sign alone is no amount
                raise ValidationError(self.error_messages["required"], code="required")
            return None
        try:
            return parse_minor(text, self.currency)
        except ValueError:
            raise ValidationError(_("Write an amount like 12.30."), code="invalid") from None


class MomentField(forms.DateTimeField):
    """A date and time of day in the shop's time zone."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"], **kwargs)


def set_currency(form: forms.Form, currency: str) -> None:
    """Tell a form's money fields in which currency they are."""
    for field in form.fields.values():
        if isinstance(field, MoneyField):
            field.currency = currency


# Services name some values otherwise than forms do, which ask for one of each.
_FORM_NAMES = {"priceMinor": "price", "categoryPath": "category", "variants": "sku"}


def add_fault(form: forms.Form, fault: DomainError) -> None:
    """Show a refused call at the field it is about, or above the form where it has no such field."""
    name = fault.field[-1] if fault.field else ""
    name = _FORM_NAMES.get(name, name)
    form.add_error(name if name in form.fields else None, fault.message)
    if isinstance(fault, PlanLimitReached | FeatureMissing):
        form.needs_plan = True  # type: ignore[attr-defined]  # the template leads to the plans
