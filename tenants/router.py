"""Which schema a model lives in, and the ORM's side of the guard."""

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from tenants.errors import TenancyError

OWNER = "owner"


@cache
def _app_is_listed(app_label: str, setting: str) -> bool:
    """Tell whether the app stands in the setting."""
    config = apps.app_configs.get(app_label)
    listed: list[str] = getattr(settings, setting)
    return config is not None and config.name in listed


class ShopRouter:
    """A shop's own model outside a tenant transaction is an error before any SQL is sent."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """Raise TenancyError for a model that only shops have, unless a tenant transaction is open."""
        instance: Model | None = hints.get("instance")
        if instance is not None and instance._state.db == OWNER:
            return OWNER  # a data migration follows a relation
        label = model._meta.app_label
        if _app_is_listed(label, "TENANT_APPS") and not _app_is_listed(label, "SHARED_APPS"):
            connection: Any = connections[DEFAULT_DB_ALIAS]
            if connection.shop is None:
                raise TenancyError(f"{model._meta.label} was asked for outside a tenant transaction.")
        return None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Public gets the shared apps, a shop's schema the tenant apps; only the owner migrates."""
        if db != OWNER:
            return False
        connection: Any = connections[db]
        shared = connection.migrating in {None, "public"}
        return _app_is_listed(app_label, "SHARED_APPS" if shared else "TENANT_APPS")
