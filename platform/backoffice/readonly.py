"""Tables that the back office shows and never edits: what changes is a named action."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from staff.models import User
from unfold.admin import ModelAdmin

from backoffice.forms import ReadableActionForm


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """A list and a page of each row, for every operator who is in."""

    list_per_page = 50
    show_full_result_count = False  # a second count of the whole table on each page
    actions: tuple[str, ...] | None = None
    action_form = ReadableActionForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is edited by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is deleted by hand."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The site's gate has let the operator in."""
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The site's gate has let the operator in."""
        return True

    def has_act_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who may use the actions that change something: an operator with every permission."""
        return bool(getattr(request.user, "is_superuser", False))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What was done to a row is a part of the log."""
        kind = ContentType.objects.get_for_model(self.model).pk
        query = urlencode({"content_type__id__exact": kind, "object_id": object_id})
        return redirect(f"{reverse('admin:admin_logentry_changelist')}?{query}")

    def get_row(self, key: str) -> Any:
        """The row of an action. Raises Http404 for one that is gone, or a key that cannot be one."""
        try:
            return get_object_or_404(self.model, pk=key)
        except (ValueError, OverflowError) as error:
            raise Http404 from error

    def record(self, request: HttpRequest, row: Model, message: str) -> None:
        """Keep in the log who did what to a row, and why."""
        operator = cast(User, request.user)
        LogEntry.objects.log_actions(operator.pk, [row], CHANGE, change_message=message, single_object=True)

    def back_to(self, row: Model) -> HttpResponse:
        """Answer a dialog: the browser opens the row's page again."""
        return go_to(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]))


def go_to(url: str) -> HttpResponse:
    """The answer by which htmx leaves the page for `url`."""
    return HttpResponse(headers={"HX-Redirect": url})


def get_operator(request: HttpRequest) -> str:
    """The e-mail address that logs and histories keep."""
    email: str = getattr(request.user, "email", "")
    return email
