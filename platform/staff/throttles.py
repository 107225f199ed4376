"""How often a password is guessed, how often we write to addresses of strangers, and how many shops are opened.

Anybody can type a stranger's address, and a text of their own as a name.

Wrong passwords: 5 in five minutes from one network at one address (allauth counts those), and 100 an hour at one
address from everywhere, so at most 2400 guesses a day at one account. Who guesses from one network therefore does not
keep the owner out. A new password by link ends both counts. Wrong codes are counted by the account alone.

The rates are those of ACCOUNT_RATE_LIMITS (`config.settings.security`); what was counted lies in the cache.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from allauth.core.internal.ratelimit import RateLimitUsage, clear, consume, get_ip, get_rates
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from staff.errors import ShopRefused, TooOften
from tenants.cache import PUBLIC
from tenants.transaction import current_shop

APP = "allauth.account"


def name_guesser(request: HttpRequest, *, email: str) -> str:
    """By what wrong passwords are counted closely: the network that asks (of IPv6 its /64) and the address it tries."""
    return f"{get_ip(request)} {email.lower()}"


def count_guess(request: HttpRequest, *, email: str) -> RateLimitUsage | None:
    """Count a password that is tried at an address, from wherever; None where it is one too many."""
    return consume(request, app=APP, action="login_failed_anywhere", key=email.lower())


def forget_guesses(request: HttpRequest, *, email: str) -> None:
    """Begin to count the passwords that are tried at an address from everywhere anew."""
    clear(request, app=APP, action="login_failed_anywhere", key=email.lower())


def check_may_write_to(request: HttpRequest, *, email: str) -> None:
    """Count a mail of the current shop's to an address that is not proven. Raises `TooOften`.

    A shop has a share of what all shops together may write to an address: none keeps the others from it.
    """
    email = email.lower()
    share = consume(request, app=APP, action="mail_of_shop_to_stranger", key=email)
    if not share or not _count_everywhere("mail_to_stranger", key=email):
        raise TooOften(
            _("This address was written to several times within a day. Try again in 24 hours."), field=["email"]
        )
    if not consume(request, app=APP, action="mail_of_shop", key=current_shop().schema_name):
        raise TooOften(_("The shop has sent as many invitations and links as it may in a day. Try again in 24 hours."))


def may_send_new_password(request: HttpRequest, *, email: str) -> bool:
    """Count a link to a new password; tell whether it may be sent. Who asked gets the same answer either way."""
    return consume(request, app=APP, action="new_password_mail", key=email.lower()) is not None


@contextmanager
def counting_new_shop(request: HttpRequest, *, email: str) -> Iterator[None]:
    """Count the shop that the block opens, for the network that asks and the owner's address; a refused one is not.

    Raises `ShopRefused`.
    """
    usage = consume(request, app=APP, action="open_shop", key=email.strip().lower())
    if not usage:
        raise ShopRefused(
            [
                TooOften(
                    _(
                        "Several shops were opened with this address or from your network within a day. "
                        "Try again in 24 hours."
                    )
                )
            ]
        )
    try:
        yield
    except ShopRefused:
        usage.rollback()
        raise


def _count_everywhere(action: str, *, key: str) -> bool:
    """Tell whether it may be once more, in all shops together: what `consume` counts is of the shop that is open."""
    for rate in get_rates(app=APP, action=action):
        name = f"{PUBLIC}{action}:{rate}:{hashlib.sha256(key.encode()).hexdigest()}"
        cache.add(name, 0, rate.duration)
        if cache.incr(name) > rate.amount:
            return False
    return True
