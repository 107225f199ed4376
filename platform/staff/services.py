"""Opening a shop, sign-in links, API keys. All but `open_shop` run inside a tenant transaction."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import override
from kernel.errors import DomainError, InvalidInput, NotFound
from kernel.ids import hash_secret, new_secret

from staff.errors import LinkUnusable, ShopRefused
from staff.models import ApiKey, SignInLink, User
from staff.selectors import JUST_OPENED, hash_browser
from staff.types import ApiKeyRow, IssuedKey, OpenedShop
from tenants.errors import EmailInvalid, PasswordWeak, ShopUnknown, SlugTaken
from tenants.models import Shop
from tenants.provisioning import create_shop
from tenants.selectors import get_shop
from tenants.slugs import check_slug

SIGN_IN_LINK_LIFETIME = timedelta(seconds=60)
SHOP_NAME_LENGTH = 100
EMAIL_LENGTH = 254
PASSWORD_LENGTH = 128  # longer ones only cost hashing time
KEY_NAME_LENGTH = 100
MAX_ORIGINS = 20
KEY_USE_RESOLUTION = timedelta(minutes=10)

_KEY_STARTS = {ApiKey.Kind.PUBLIC: "pk_", ApiKey.Kind.SECRET: "sk_"}
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?")


def open_shop(
    *,
    slug: str,
    name: str,
    email: str,
    password: str,
    language: str,
    now: datetime,
    industry: str = "",
    browser: str = "",
    email_is_proven: bool = True,
    public_rows: Callable[[Shop], None] | None = None,
) -> OpenedShop:
    """Make a shop with its owner and one public storefront key, all or nothing.

    Must be called outside a tenant transaction. `language` is one of LANGUAGES and decides currency, time zone and
    phone region; `browser` is a secret of the browser that asks, which may come back (`find_just_opened_shop`);
    `email_is_proven` is false where nobody knows yet whose address it is (`staff.email_proof`); `public_rows` writes
    what else a new shop has in public. Raises `ShopRefused` with every fault found; fields are those of the arguments.
    """
    check_new_shop(slug=slug, name=name, email=email, password=password, language=language)
    slug, name = _clean_slug(slug), _clean_name(name)
    try:
        with (
            create_shop(
                slug=slug, name=name, language=language, industry=industry, public_rows=public_rows, now=now
            ) as shop,
            override(language),
        ):
            user = User.objects.create_user(
                email, password, language=language, email_is_proven=email_is_proven, date_joined=now
            )
            key = create_api_key(name=_("Storefront"), kind=ApiKey.Kind.PUBLIC, origins=[], now=now)
            if browser:
                _remember_browser(browser, user_id=user.pk, now=now)
    except SlugTaken as fault:  # two sign-ups at the same moment
        raise ShopRefused([fault]) from fault
    return OpenedShop(shop=shop, user_id=user.pk, storefront_key=key.secret)


def _remember_browser(browser: str, *, user_id: UUID, now: datetime) -> None:
    """Kept like a link that was used: it opens nothing by itself."""
    SignInLink.objects.create(
        user_id=user_id, secret_hash=hash_browser(browser), expires_at=now + JUST_OPENED, used_at=now
    )


def check_new_shop(*, slug: str, name: str, email: str, password: str, language: str) -> None:
    """Raise `ShopRefused` with every fault that `open_shop` would find."""
    faults = list(
        _find_faults(
            slug=_clean_slug(slug),
            name=_clean_name(name),
            email=email.strip().lower(),
            password=password,
            language=language,
        )
    )
    if faults:
        raise ShopRefused(faults)


def _clean_slug(slug: str) -> str:
    return slug.strip().lower()


def _clean_name(name: str) -> str:
    return " ".join(name.split())


def _find_faults(*, slug: str, name: str, email: str, password: str, language: str) -> Iterator[DomainError]:
    if not name:
        yield InvalidInput(_("Give the shop a name."), field=["name"])
    elif len(name) > SHOP_NAME_LENGTH:
        yield InvalidInput(
            _("The name may have at most %(limit)d characters.") % {"limit": SHOP_NAME_LENGTH}, field=["name"]
        )
    try:
        check_slug(slug)
        get_shop(slug=slug)
        yield SlugTaken(_("This address is taken. Please choose another one."), field=["slug"])
    except ShopUnknown:
        pass
    except DomainError as fault:
        yield fault
    try:
        validate_email(email)
        if len(email) > EMAIL_LENGTH:
            raise ValidationError("")
    except ValidationError:
        yield EmailInvalid(_("Give a complete e-mail address, like name@example.com."), field=["email"])
    if len(password) > PASSWORD_LENGTH:
        yield PasswordWeak(
            _("The password may have at most %(limit)d characters.") % {"limit": PASSWORD_LENGTH}, field=["password"]
        )
    else:
        try:
            validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            yield PasswordWeak(" ".join(error.messages), field=["password"])
    if language not in dict(settings.LANGUAGES):
        yield InvalidInput(_("Choose one of the languages offered."), field=["language"])


def create_sign_in_link(*, user_id: UUID, now: datetime, operator: str = "", reason: str = "") -> str:
    """Return the secret of a link that signs a user in once, within 60 seconds.

    `operator` is who of the platform enters in the user's place, `reason` why: both stand in the shop's audit log.
    """
    secret = new_secret()
    SignInLink.objects.create(
        user_id=user_id,
        secret_hash=hash_secret(secret),
        expires_at=now + SIGN_IN_LINK_LIFETIME,
        operator=operator,
        reason=reason,
    )
    return secret


def use_sign_in_link(*, secret: str, now: datetime) -> UUID:
    """Use a link up and return whom it signs in. Of several calls with one secret a single one succeeds.

    Raises `LinkUnusable`.
    """
    # Columns of this table alone: with a join Django updates by a subquery, which is not judged anew after a wait.
    link = SignInLink.objects.filter(secret_hash=hash_secret(secret))
    if not link.filter(used_at=None, expires_at__gt=now).update(used_at=now):
        raise LinkUnusable
    user_id = link.filter(user__is_active=True).values_list("user_id", flat=True).first()
    if user_id is None:
        raise LinkUnusable
    return user_id


def find_operator_of_link(*, secret: str) -> tuple[str, str] | None:
    """Who of the platform enters by a link, and why; None for a user's own link."""
    found = SignInLink.objects.filter(secret_hash=hash_secret(secret)).exclude(operator="")
    return found.values_list("operator", "reason").first()


def create_api_key(*, name: str, kind: str, origins: Sequence[str], now: datetime) -> IssuedKey:
    """Issue a storefront key; the secret is returned here and stored hashed (a public key is kept readable too).

    `origins` (`https://shop.example`) bind a public key to pages; a secret key has none.
    Raises `InvalidInput` for `name`, `kind` or `origins`.
    """
    name = name.strip()
    if not 1 <= len(name) <= KEY_NAME_LENGTH:
        raise InvalidInput(
            _("Give the key a name of 1 to %(limit)d characters.") % {"limit": KEY_NAME_LENGTH}, field=["name"]
        )
    if kind not in ApiKey.Kind.values:
        raise InvalidInput(_("Choose a public or a secret key."), field=["kind"])
    secret = _KEY_STARTS[ApiKey.Kind(kind)] + new_secret()
    key = ApiKey.objects.create(
        name=name,
        kind=kind,
        prefix=secret[:12],
        public_key=secret if kind == ApiKey.Kind.PUBLIC else "",
        key_hash=hash_secret(secret),
        origins=_check_origins(kind, origins),
        created_at=now,
    )
    return IssuedKey(id=key.pk, secret=secret)


def _check_origins(kind: str, origins: Sequence[str]) -> list[str]:
    cleaned = list(dict.fromkeys(origin.strip().lower().rstrip("/") for origin in origins if origin.strip()))
    if cleaned and kind == ApiKey.Kind.SECRET:
        raise InvalidInput(_("A secret key stays on a server: it has no origins. Leave them empty."), field=["origins"])
    if len(cleaned) > MAX_ORIGINS:
        raise InvalidInput(_("At most %(limit)d origins.") % {"limit": MAX_ORIGINS}, field=["origins"])
    for origin in cleaned:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidInput(
                _("“%(origin)s” is no origin. Write it like https://shop.example.com, without a path.")
                % {"origin": origin},
                field=["origins"],
            )
    return cleaned


def revoke_api_key(*, key_id: int, now: datetime) -> None:
    """End a key at once; doing so again changes nothing. Raises `NotFound`."""
    if ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=now):
        return
    if not ApiKey.objects.filter(pk=key_id).exists():
        raise NotFound(_("This key does not exist."))


def record_api_key_use(*, key: ApiKeyRow, now: datetime) -> None:
    """Note that a key was used. Writes once in ten minutes at most, so requests do not queue for one row."""
    if key.last_used_at is None or now - key.last_used_at >= KEY_USE_RESOLUTION:
        ApiKey.objects.filter(pk=key.id).update(last_used_at=now)
