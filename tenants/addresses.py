"""Where a shop is reached."""

from urllib.parse import urlsplit

from django.conf import settings


def get_shop_address(slug: str) -> str:
    """Return scheme, host and port of a shop's own host on the platform, without a slash at the end."""
    platform = urlsplit(settings.BASE_URL)
    return f"{platform.scheme}://{slug}.{platform.netloc}"
