"""What every page knows: shop, language, theme."""

from typing import TypedDict

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

# The names of the two themes in frontend/src/theme.css; the theme button keeps the choice in this cookie.
THEMES = ("shop", "shop-dark")
THEME_COOKIE = "theme"


class PageContext(TypedDict):
    """Names that templates may use without a view having set them."""

    shop: object | None
    theme: str
    language: str
    languages: list[tuple[str, str]]


def page(request: HttpRequest) -> PageContext:
    """The shop that the host names (None on the public site), the theme ("" follows the system) and the language."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "shop": getattr(request, "shop", None),
        "theme": theme if theme in THEMES else "",
        "language": get_language() or settings.LANGUAGE_CODE,
        "languages": list(settings.LANGUAGES),
    }
