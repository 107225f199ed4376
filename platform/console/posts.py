"""Addresses that do something and show nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import Resolver404, resolve


def post_only[**P](view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """Only posts reach the view; whoever looks is led to the page above it in the address.

    People are led to such addresses by a sign-in, a confirmation or a change of language that began with a post.
    """

    @wraps(view)
    def page(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request: Any = args[0]
        if request.method in {"GET", "HEAD"}:
            return redirect(_find_page_above(request))
        if request.method != "POST":
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        return view(*args, **kwargs)

    page.post_only = True  # type: ignore[attr-defined]
    return page


def _find_page_above(request: HttpRequest) -> str:
    above = request.path
    while above := above.rstrip("/").rpartition("/")[0]:
        try:
            found = resolve(f"{above}/")
        except Resolver404:
            continue
        if not getattr(found.func, "post_only", False):
            return f"{above}/"
    return "/"
