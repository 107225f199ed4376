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
def is_public(app_label: str, model_name: str | None) -> bool:
    """Tell whether a model (None: whatever a migration of the app does without one) has a table in public."""
    only: list[str] | None = settings.SHARED_MODELS.get(app_label)
    return _is_listed(app_label, settings.SHARED_APPS) and (only is None or model_name in only)


@cache
def is_shops(app_label: str) -> bool:
    """Tell whether the app has tables in every shop's schema."""
    return _is_listed(app_label, settings.TENANT_APPS)


def _is_listed(app_label: str, listed: list[str]) -> bool:
    config = apps.app_configs.get(app_label)
    return config is not None and config.name in listed


class ShopRouter:
    """A shop's own model outside a tenant transaction is an error before any SQL is sent."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """Raise TenancyError for a model that only shops have, unless a tenant transaction is open."""
        instance: Model | None = hints.get("instance")
        if instance is not None and instance._state.db == OWNER:
            return OWNER  # a data migration follows a relation
        label = model._meta.app_label
        if is_shops(label) and not is_public(label, model._meta.model_name):
            connection: Any = connections[DEFAULT_DB_ALIAS]
            if connection.shop is None:
                raise TenancyError(f"{model._meta.label} was asked for outside a tenant transaction.")
        return None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Public gets the shared models, a shop's schema the tenant apps; only the owner migrates."""
        if db != OWNER:
            return False
        connection: Any = connections[db]
        return is_public(app_label, model_name) if connection.migrating in {None, "public"} else is_shops(app_label)
