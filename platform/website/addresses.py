"""Where a shop is found."""

from urllib.parse import urlsplit

from django.conf import settings


def shop_address(slug: str) -> str:
    """The shop's own host below the platform's, without a slash at the end."""
    address = urlsplit(settings.BASE_URL)
    return f"{address.scheme}://{slug}.{address.netloc}"
