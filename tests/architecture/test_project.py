"""What Django itself can say about the whole project."""

import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from tenants.router import is_public, is_shops
from tests.settings import ROOT

OURS = [config for config in apps.get_app_configs() if "site-packages" not in config.path]


def test_migrations_are_complete(fresh_database: str) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_migrations_have_names_and_can_be_reversed() -> None:
    labels = {config.label for config in OURS}
    migrations = [m for (label, _), m in MigrationLoader(None).disk_migrations.items() if label in labels]
    assert len(migrations) > 10
    assert [f"{m.app_label}.{m.name}" for m in migrations if "_auto_" in m.name] == []
    assert [
        f"{m.app_label}.{m.name}: {operation.describe()}"
        for m in migrations
        for operation in m.operations
        if not operation.reversible
    ] == []


def test_no_relation_crosses_from_public_to_a_shop_or_back() -> None:
    """So a schema can be moved, dumped and restored on its own."""

    def places(model: type[Model]) -> set[str]:
        label, name = model._meta.app_label, model._meta.model_name
        return {place for place, there in (("public", is_public(label, name)), ("shop", is_shops(label))) if there}

    relations = [
        (model, field.related_model)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and isinstance(field.related_model, type)
    ]
    assert len(relations) > 10
    crossing = [(one, other) for one, other in relations if not places(one) <= places(other)]
    assert crossing == []


def test_every_app_with_models_is_in_public_or_in_the_shops() -> None:
    with_models = {config.name for config in apps.get_app_configs() if any(config.get_models())}
    assert with_models - set(chain(settings.SHARED_APPS, settings.TENANT_APPS)) == set()


@pytest.mark.parametrize(("key", "warned"), [("rk_live_1", False), ("rk_test_1", True), ("sk_test_1", True)])
def test_a_test_key_does_not_pass_the_deployment_checks(
    monkeypatch: pytest.MonkeyPatch, key: str, warned: bool
) -> None:
    monkeypatch.setattr(settings, "STRIPE_KEY", key)
    found = [message.id for message in run_checks(include_deployment_checks=True)]
    assert ("billing.W001" in found) is warned


def test_production_settings_pass_djangos_deployment_checks(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LAXIN_")} | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
        "LAXIN_ENV": "production",
        "LAXIN_HOME": str(tmp_path),
        "LAXIN_BASE_URL": "https://shops.example",
        "LAXIN_SECRET_KEY": "f3Jx8mQz2LrT7vWb5NcY9kHd4PgS6aEu1RoXiMtZjVwBqKyC0D",
        "LAXIN_DATABASE_URL": "postgresql://owner:secret@db.example/laxin",
        "LAXIN_BROKER_URL": "redis://queue.example/0",
        "LAXIN_STRIPE_KEY": "rk_live_1",
        "LAXIN_STRIPE_WEBHOOK_SECRETS": "whsec_1",
    }
    result = subprocess.run(
        [sys.executable, "-W", "error::Warning:django", "-m", "django", "check", "--deploy", "--fail-level", "WARNING"],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "no issues" in result.stdout
