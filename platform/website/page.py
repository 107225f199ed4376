"""What every page of the public site tells browsers, search engines and those who share it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language

from website.language import PARAMETER
from website.pictures import LIGHT, file_of


def render_page(
    request: HttpRequest, template: str, *, title: str, description: str, status: int = 200, **context: Any
) -> HttpResponse:
    """Render a page with its title, description, canonical address and its address in each language."""
    language = get_language() or settings.LANGUAGE_CODE
    address = f"{settings.BASE_URL}{request.path}"
    asked = request.GET.get(PARAMETER) == language
    site = {
        "title": title,
        "description": description,
        "canonical": address_in(request.path, language) if asked else address,
        "default": address,
        "alternates": [(tag_of(code), address_in(request.path, code)) for code, _name in settings.LANGUAGES],
        "image": settings.BASE_URL + static(file_of("console", language=language, theme=LIGHT, kind="webp")),
        "locale": {"zh-hans": "zh_CN", "en": "en_US"}[language],
    }
    return render(request, template, {"site": site, **context}, status=status)


def address_in(path: str, language: str) -> str:
    """The address of a page in a language."""
    return f"{settings.BASE_URL}{path}?{PARAMETER}={language}"


def tag_of(language: str) -> str:
    """The language as `hreflang` and browsers write it."""
    return {"zh-hans": "zh-Hans"}.get(language, language)
