"""What an operator fills in before something changes: always a reason, which the log keeps."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import ActionForm, BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from billing.plans import PLANS

SHORTEST_REASON = 10
LONGEST_GIFT = timedelta(days=3650)


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Why it is done."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("At least 10 characters; kept in the log for good."),
    )


class ReadableActionForm(ActionForm):  # type: ignore[misc]
    """The choice of what is done to selected rows; unfold's ground is too light for its white letters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attributes = self.fields["action"].widget.attrs
        attributes["class"] = " ".join(each for each in attributes["class"].split() if "bg-white" not in each)


class PlanForm(ReasonForm):
    """Which plan, and until when."""

    plan = forms.ChoiceField(label=gettext_lazy("Plan"), widget=UnfoldAdminSelectWidget())
    until = forms.DateField(
        label=gettext_lazy("Until the end of"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("Left empty, it holds until an operator ends it."),
    )
    field_order = ("plan", "until", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = [(plan.key, plan.name) for plan in PLANS.values()]

    def clean_until(self) -> datetime | None:
        """The first instant after the day (UTC)."""
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if day < timezone.now().date():
            raise forms.ValidationError(_("This day is over."))
        if day > timezone.now().date() + LONGEST_GIFT:
            raise forms.ValidationError(_("At most ten years. Left empty, it holds until an operator ends it."))
        return datetime.combine(day, time(), UTC) + timedelta(days=1)
