"""Where a shop is reached."""

from urllib.parse import urlsplit

from django.conf import settings

from tenants.transaction import find_current_shop


def get_shop_address(slug: str) -> str:
    """Return scheme, host and port of a shop's own host on the platform, without a slash at the end."""
    platform = urlsplit(settings.BASE_URL)
    return f"{platform.scheme}://{slug}.{platform.netloc}"


def get_page_address(path: str) -> str:
    """Return the whole address of a page of the open shop, or of the public site, for a mail.

    A request's own Host may be a domain that the shop will lose, or have a port that nobody serves.
    """
    shop = find_current_shop()
    return (get_shop_address(shop.slug) if shop else settings.BASE_URL.rstrip("/")) + path
