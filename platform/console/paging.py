"""Keyset pages from the address: `?after=…` and `?before=…`."""

from typing import NotRequired, TypedDict

from django.http import HttpRequest

PAGE_SIZE = 25


class PageArguments(TypedDict):
    """What list selectors take."""

    first: NotRequired[int]
    after: NotRequired[str]
    last: NotRequired[int]
    before: NotRequired[str]


def get_page_arguments(request: HttpRequest, size: int = PAGE_SIZE) -> PageArguments:
    """Forwards unless the address says `before`."""
    before = request.GET.get("before", "")
    if before:
        return {"last": size, "before": before}
    after = request.GET.get("after", "")
    return {"first": size, "after": after} if after else {"first": size}
