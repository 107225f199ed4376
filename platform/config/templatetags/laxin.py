"""Tags and filters of all templates (built in: no `{% load %}`)."""

from datetime import date, datetime
from typing import Any

from django import forms, template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from kernel.money import currency_symbol, format_minor
from members.selectors import mask_phone

register = template.Library()

WIDGET_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "checkbox"),
    (forms.RadioSelect, "radio"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea w-full"),
    (forms.FileInput, "file-input w-full"),
    (forms.widgets.Input, "input"),
)


@register.filter
def money(amount_minor: int | None, currency: str) -> str:
    """`128000|money:"CNY"` → `¥1,280.00`; nothing for None."""
    if amount_minor is None:
        return ""
    whole, point, part = format_minor(abs(amount_minor), currency).partition(".")
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{currency_symbol(currency)}{int(whole):,}{point}{part}"


@register.filter
def phone(number: str | None) -> str:
    """A stored number, masked for display: `+8613812348000` → `138****8000`."""
    return mask_phone(number) if number else ""


@register.filter(expects_localtime=True)
def day(value: date | datetime | None) -> str:
    """`2026-11-21`, in the active time zone (the shop's)."""
    return "" if value is None else value.strftime("%Y-%m-%d")


@register.filter(expects_localtime=True)
def moment(value: datetime | None) -> str:
    """`2026-11-21 14:05`, in the active time zone (the shop's)."""
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M")


@register.simple_tag
def widget(field: forms.BoundField, **attributes: Any) -> SafeString:
    """The field's input with its classes; further arguments become attributes (`_` for `-`)."""
    kinds = (classes for kind, classes in WIDGET_CLASSES if isinstance(field.field.widget, kind))
    names = [next(kinds, ""), str(field.field.widget.attrs.get("class", ""))]
    attrs = {key.replace("_", "-"): value for key, value in attributes.items()}
    return field.as_widget(attrs={**attrs, "class": " ".join(filter(None, names))})


@register.simple_block_tag
def card(content: str, title: str = "", level: int = 2) -> SafeString:
    """`{% card title=_("Stock") %}…{% endcard %}`"""
    return render_to_string("components/card.html", {"content": content, "title": title, "level": level})


@register.simple_block_tag
def table(content: str, caption: str) -> SafeString:
    """A table that scrolls sideways on a phone: `{% table caption=_("Orders") %}<thead>…<tbody>…{% endtable %}`."""
    return render_to_string("components/table.html", {"content": content, "caption": caption})
