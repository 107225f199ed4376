"""Which version of the schema shops have: up to date, behind by some migrations, or behind because one failed."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from tenants.models import Shop
from tenants.selectors import count_missing_migrations

CURRENT, BEHIND, FAILED = "current", "behind", "failed"
COLOURS = {CURRENT: "success", BEHIND: "warning", FAILED: "danger"}


def with_missing_migrations(shops: QuerySet[Shop], missing_by_schema: Mapping[str, int]) -> QuerySet[Shop]:
    """Add `missing`, the number of migrations that a shop lacks, as `count_missing_migrations` told it."""
    cases = [
        When(schema_name__in=[schema for schema, lacks in missing_by_schema.items() if lacks == missing], then=missing)
        for missing in sorted(set(missing_by_schema.values()))
    ]
    return shops.annotate(missing=Case(*cases, default=Value(0), output_field=IntegerField()))


def count_shops_behind() -> tuple[int, int]:
    """Return how many shops lack migrations, and how many of them because one failed. Two statements."""
    behind = count_missing_migrations()
    return len(behind), Shop.objects.filter(schema_name__in=behind).exclude(migration_error="").count()


@display(description=gettext_lazy("schema version"), ordering="missing", label=COLOURS)
def show_schema_state(shop: Any) -> tuple[str, str]:
    """The state in its colour, for a shop `with_missing_migrations`."""
    if not shop.missing:
        return CURRENT, _("up to date")
    lacks = ngettext("%(count)d migration behind", "%(count)d migrations behind", shop.missing) % {
        "count": shop.missing
    }
    return (FAILED, f"{_('failed')}, {lacks}") if shop.migration_error else (BEHIND, lacks)


class SchemaStateFilter(SimpleListFilter):
    """By the state of the schema, of shops `with_missing_migrations`."""

    title = gettext_lazy("schema version")
    parameter_name = "schema"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states; those that failed are behind too."""
        return [(CURRENT, _("up to date")), (BEHIND, _("behind")), (FAILED, _("failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The shops of one state."""
        match self.value():
            case "current":
                return queryset.filter(missing=0)
            case "behind":
                return queryset.filter(missing__gt=0)
            case "failed":
                return queryset.filter(missing__gt=0).exclude(migration_error="")
        return queryset
