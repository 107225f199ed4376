"""The logo in pages: `{% load branding %}`."""

from django import template

from branding.selectors import find_mark
from tenants.transaction import find_current_shop

register = template.Library()


@register.simple_tag
def logo_mark() -> str:
    """`src` of the shop's small logo, "" where it has none: `{% logo_mark as mark %}`."""
    return find_mark() if find_current_shop() else ""
