"""The invariants of the system, checked by `laxin doctor`.

An app keeps its own in `checks.py`: a function marked `@invariant("app.what_holds")` that runs inside a shop's tenant
transaction and yields a sentence for each place where it does not hold.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.utils.module_loading import autodiscover_modules

from tenants.models import Shop
from tenants.transaction import tenant_transaction

type Check = Callable[[], Iterable[str]]
_checks: dict[str, Check] = {}

# Caches of the process know these rows by id and not by shop.
EQUAL_IDS = "tenants.content_types_have_equal_ids"
DEMO_EXISTS = "tenants.demo_shop_exists"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken place: the shop's slug, the invariant's name and what is wrong."""

    shop: str
    invariant: str
    detail: str


def invariant[C: Check](name: str) -> Callable[[C], C]:
    """Register a check under `app.what_holds`."""

    def register(check: C) -> C:
        _checks[name] = check
        return check

    return register


def list_invariants() -> list[str]:
    """Return the names of all invariants."""
    autodiscover_modules("checks")
    return sorted([DEMO_EXISTS, EQUAL_IDS, *_checks])


def find_missing_demo(shops: Iterable[Shop]) -> Iterator[Finding]:
    """Tell of a setting DEMO_SHOP that names none of all shops."""
    if settings.DEMO_SHOP and settings.DEMO_SHOP not in {shop.slug for shop in shops}:
        detail = "LAXIN_DEMO_SHOP names a shop that does not exist: the home page offers none to be tried"
        yield Finding(shop=settings.DEMO_SHOP, invariant=DEMO_EXISTS, detail=detail)


def find_broken(shops: Iterable[Shop]) -> Iterator[Finding]:
    """Check every invariant of the shops, each in a transaction of its own, and yield what is broken."""
    list_invariants()
    identities = _read_identities()
    for shop in shops:
        with tenant_transaction(shop):
            unequal = identities ^ _read_identities()
        for identity in sorted(unequal):
            yield Finding(shop=shop.slug, invariant=EQUAL_IDS, detail=f"{identity} is not the same as in public")
        for name, check in sorted(_checks.items()):
            with tenant_transaction(shop):
                details = list(check())
            for detail in details:
                yield Finding(shop=shop.slug, invariant=name, detail=detail)


def _read_identities() -> set[str]:
    """Content types and permissions with their ids, of public or of the shop that is entered."""
    content_types = ContentType.objects.values_list("id", "app_label", "model")
    permissions = Permission.objects.values_list("id", "content_type_id", "codename")
    return {f"content type {row}" for row in content_types} | {f"permission {row}" for row in permissions}
