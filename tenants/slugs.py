"""Which names a shop's address may have."""

import re

from django.utils.translation import gettext as _

from tenants.errors import SlugInvalid, SlugReserved

MIN_LENGTH, MAX_LENGTH = 3, 40
_FORM = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

# Hosts that the platform has or may want, and names that would pass for it.
RESERVED = frozenset(
    """
    about account accounts admin administrator api app apps assets auth autoconfig autodiscover backoffice
    billing blog cdn console dashboard dev docs download email example files forum ftp graphql help host
    hostmaster imap info invite join laxin legal live local localhost localdomain login logout mail media
    metrics mobile monitor news ns ns1 ns2 ops origin partner pay payment payments platform pop portal
    postmaster preview pricing privacy prod production public register root sales security shop shops signin
    signup site smtp ssl staff staging static status store stripe support system team template terms test
    testing traefik upload wallet webhook webhooks webmail webmaster welcome wiki wpad www xn
    """.split()  # noqa: SIM905  a list would fill a page
)


def check_slug(slug: str) -> None:
    """Raise SlugInvalid or SlugReserved unless `slug` may name a shop; whether it is free is seen when it is taken."""
    if not MIN_LENGTH <= len(slug) <= MAX_LENGTH:
        raise SlugInvalid(_("The address must have 3 to 40 characters."), field=["slug"])
    if not _FORM.fullmatch(slug):
        raise SlugInvalid(
            _("Only a-z, 0-9 and hyphens are allowed in the address; it begins and ends with a letter or digit."),
            field=["slug"],
        )
    if slug in RESERVED or slug.startswith("xn--"):
        raise SlugReserved(_("This address is reserved. Please choose another one."), field=["slug"])
