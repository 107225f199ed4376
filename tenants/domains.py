"""A shop's own host names: asked for, proven, then served.

Anybody may ask for any name; it is served only after its owner published our token, and then for one shop alone.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput, NotFound

from tenants.cache import PUBLIC
from tenants.domain_proof import Proof, is_published, make_proof
from tenants.entitlements import check_feature
from tenants.errors import DomainTaken, DomainUnproven
from tenants.models import Domain, Shop

MAX_DOMAINS = 20  # a shop
KEPT_SECONDS = 60
SEAL = "tenants.domains"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.(?=[a-z0-9-]*[a-z]){_LABEL}")  # the last label is no number: no address


def add_domain(*, shop: Shop, host: str, now: datetime) -> Proof:
    """Ask for a domain and return what proves it; asking again returns the same.

    Raises InvalidInput, DomainTaken, FeatureMissing where the plan has no domains; those it has asked for stay.
    """
    host = _clean_host(host)
    if Domain.objects.filter(host=host).exclude(verified_at=None).exclude(shop=shop).exists():
        raise _taken()
    if not Domain.objects.filter(shop=shop, host=host).exists():
        check_feature(shop, "custom_domains")
        if shop.domains.count() >= MAX_DOMAINS:
            raise InvalidInput(_("A shop may have at most %(limit)d domains.") % {"limit": MAX_DOMAINS}, field=["host"])
    domain, _created = Domain.objects.get_or_create(
        shop=shop, host=host, defaults={"token": secrets.token_hex(16), "created_at": now}
    )
    return proof_of(domain)


def verify_domain(*, shop: Shop, host: str, now: datetime) -> None:
    """Look for the proof; from then on the domain is the shop's.

    Raises NotFound, DomainUnproven, DomainTaken, FeatureMissing where the plan has no domains; proven ones stay.
    Asks the DNS and the domain's web server, so call it outside any transaction.
    """
    domain = _get(shop, host)
    if domain.verified_at is not None:
        return
    check_feature(shop, "custom_domains")
    proof = proof_of(domain)
    if not is_published(proof=proof):
        raise DomainUnproven(
            _(
                "Neither the DNS record %(name)s nor the file %(address)s has the value %(value)s yet. "
                "A new record can take an hour to show."
            )
            % {"name": proof.name, "address": proof.address, "value": proof.value},
            field=["host"],
        )
    try:
        with transaction.atomic():
            Domain.objects.filter(pk=domain.pk, verified_at=None).update(verified_at=now)
    except IntegrityError as error:
        raise _taken() from error
    _forget(domain.host)


def set_primary_domain(*, shop: Shop, host: str) -> None:
    """Send visitors of the shop's other domains to this one. Raises NotFound, DomainUnproven."""
    domain = _get(shop, host)
    if domain.verified_at is None:
        raise DomainUnproven(_("Prove the domain first."), field=["host"])
    with transaction.atomic():
        Shop.objects.select_for_update().get(pk=shop.pk)
        shop.domains.filter(is_primary=True).update(is_primary=False)
        shop.domains.filter(pk=domain.pk).update(is_primary=True)
    _forget(*list_hosts(shop))


def remove_domain(*, shop: Shop, host: str) -> None:
    """Give a domain up; it is served no longer. Raises NotFound."""
    domain = _get(shop, host)
    hosts = list_hosts(shop)
    domain.delete()
    _forget(*hosts)


def list_domains(shop: Shop) -> list[Domain]:
    """Return the shop's domains by name, proven or not."""
    return list(shop.domains.order_by("host"))


def proof_of(domain: Domain) -> Proof:
    """Return what proves the domain to be the shop's."""
    return make_proof(host=domain.host, token=domain.token)


def pack_domains(shop: Shop) -> list[dict[str, str]]:
    """Return the shop's domains for its archive. The seal lets this installation alone believe what is in it."""
    return [
        {
            "host": each.host,
            "sealed": signing.dumps(
                [each.host, each.token, each.verified_at and each.verified_at.isoformat(), each.is_primary], salt=SEAL
            ),
        }
        for each in list_domains(shop)
    ]


def unpack_domains(*, shop: Shop, packed: Iterable[Mapping[str, str]], now: datetime) -> None:
    """Give a restored shop its domains back, but those that another shop has proven since.

    In the installation that packed them they are as they were; in any other they must be proven anew.
    """
    hosts = []
    for each in list(packed)[:MAX_DOMAINS]:
        host = _clean_host(each["host"])
        if Domain.objects.filter(host=host).exclude(verified_at=None).exists():
            continue
        token, verified_at, is_primary = _unseal(host, each["sealed"]) or (secrets.token_hex(16), None, False)
        Domain.objects.create(
            shop=shop, host=host, token=token, verified_at=verified_at, is_primary=is_primary, created_at=now
        )
        hosts.append(host)
    _forget(*hosts)


def forget_cached_domains(shop: Shop) -> None:
    """Drop the shop's domains from the cache when the transaction has committed."""
    _forget(*list_hosts(shop))


def list_hosts(shop: Shop) -> list[str]:
    """Return the names alone."""
    return [domain.host for domain in list_domains(shop)]


def find_slug_of_domain(host: str) -> tuple[str, str] | None:
    """Return the slug of the shop that proved the domain and its primary domain ('' for none), cached for a minute."""
    known: tuple[str, str] | str | None = cache.get(_cache_key(host))
    if known is None:
        known = _read_slug(host) or "unknown"
        cache.set(_cache_key(host), known, KEPT_SECONDS)
    return None if isinstance(known, str) else known


def _read_slug(host: str) -> tuple[str, str] | None:
    domain = Domain.objects.select_related("shop").filter(host=host).exclude(verified_at=None).first()
    if domain is None:
        return None
    primary = Domain.objects.filter(shop=domain.shop, is_primary=True).values_list("host", flat=True).first()
    return domain.shop.slug, primary or ""


def _unseal(host: str, sealed: str) -> tuple[str, datetime | None, bool] | None:
    """Token, when it was proven, whether primary; None where another installation sealed it, or for another host."""
    try:
        of, token, verified_at, is_primary = signing.loads(sealed, salt=SEAL)
    except signing.BadSignature:
        return None
    return (token, verified_at and datetime.fromisoformat(verified_at), is_primary) if of == host else None


def _clean_host(host: str) -> str:
    """Lower case, in its DNS form. Raises InvalidInput; hosts of the platform's own are no domain of a shop."""
    try:
        host = host.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        host = ""
    ours = settings.BASE_HOST
    if not _HOST.fullmatch(host) or len(host) > 253 or host == ours or host.endswith((f".{ours}", ".localhost")):
        raise InvalidInput(_("Give a domain of your own, like shop.example.com."), field=["host"])
    return host


def _get(shop: Shop, host: str) -> Domain:
    domain = shop.domains.filter(host=_clean_host(host)).first()
    if domain is None:
        raise NotFound(_("This shop has not asked for this domain."))
    return domain


def _taken() -> DomainTaken:
    return DomainTaken(_("Another shop has this domain."), field=["host"])


def _cache_key(host: str) -> str:
    return f"{PUBLIC}domain:{host}"


def _forget(*hosts: str) -> None:
    transaction.on_commit(lambda: cache.delete_many([_cache_key(host) for host in hosts]))
