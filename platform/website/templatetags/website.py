"""Tags of the public site: `{% load website %}`."""

from typing import Any

from django import template

from website.pictures import DARK, KINDS, LIGHT, PICTURES, file_of

register = template.Library()


@register.inclusion_tag("website/picture.html", takes_context=True)
def picture(context: template.Context, name: str, alt: str, eager: bool = False, zoom: bool = False) -> dict[str, Any]:
    """A picture of the product in the page's language, in its theme or, without one, in the system's.

    `zoom`: on a phone show a square of it, from where the console's menu ends, so that text can be read.
    """
    language, theme = context["language"], context["theme"]
    files = {
        f"{each}_{kind}": file_of(name, language=language, theme=each, kind=kind)
        for each in (LIGHT, DARK)
        for kind in KINDS
    }
    return {"alt": alt, "files": files, "theme": theme, "size": PICTURES[name], "eager": eager, "zoom": zoom}


@register.filter
def thousands(value: int) -> str:
    """`20000` → `20,000`."""
    return f"{value:,}"
