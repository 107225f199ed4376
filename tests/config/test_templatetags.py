"""Filters and components that all pages share."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation
from kernel.pages import Page


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context)).strip()


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (128000, "CNY", "¥1,280.00"),
        (1230, "USD", "$12.30"),
        (5, "USD", "$0.05"),
        (-1230, "CNY", "-¥12.30"),
        (123456789, "JPY", "¥123,456,789"),
        (1500, "KWD", "KWD 1.500"),
        (0, "CNY", "¥0.00"),
        (None, "CNY", ""),
    ],
)
def test_money_is_shown_with_its_sign_and_thousands(amount: int | None, currency: str, shown: str) -> None:
    assert render("{{ amount|money:currency }}", amount=amount, currency=currency) == shown


def test_a_phone_number_is_masked() -> None:
    assert render("{{ number|phone }}", number="+8613812348000") == "138****8000"
    assert render("{{ number|phone }}", number=None) == ""


def test_dates_and_times_are_those_of_the_active_time_zone() -> None:
    instant = datetime(2026, 11, 21, 18, 5, tzinfo=UTC)
    with timezone.override("Asia/Shanghai"):
        assert render("{{ at|day }} {{ at|moment }}", at=instant) == "2026-11-22 2026-11-22 02:05"
    with timezone.override("America/New_York"):
        assert render("{{ at|day }} {{ at|moment }}", at=instant) == "2026-11-21 2026-11-21 13:05"
    assert render("{{ on|day }}", on=date(2026, 11, 21)) == "2026-11-21"


class CouponForm(forms.Form):
    name = forms.CharField(help_text="Customers see it.")
    kind = forms.ChoiceField(choices=[("amount", "Amount")], widget=forms.RadioSelect)
    total = forms.IntegerField(required=False)


def test_a_field_ties_its_label_help_and_error_to_the_input() -> None:
    form = CouponForm({})
    with translation.override("en"):
        html = render('{% include "components/field.html" with field=form.name %}', form=form)

    assert '<label class="mb-1.5 block font-medium" for="id_name">Name</label>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html or (
        'aria-describedby="id_name_error id_name_helptext"' in html
    )
    assert 'aria-invalid="true"' in html
    assert 'class="input"' in html
    assert 'id="id_name_error"' in html
    assert "This field is required." in html
    assert 'id="id_name_helptext"' in html


def test_an_optional_field_says_so_and_choices_stand_in_a_fieldset() -> None:
    form = CouponForm()
    with translation.override("en"):
        total = render('{% include "components/field.html" with field=form.total %}', form=form)
        kind = render('{% include "components/field.html" with field=form.kind %}', form=form)

    assert "(optional)" in total
    assert '<legend class="mb-1.5 font-medium">Kind</legend>' in kind
    assert 'type="radio"' in kind


def test_what_people_type_is_escaped_in_components() -> None:
    evil = "<script>alert(1)</script>"

    assert "<script>" not in render("{% card title=evil %}{{ evil }}{% endcard %}", evil=evil)
    assert "<script>" not in render('{% include "components/alert.html" with kind="error" text=evil %}', evil=evil)
    assert "<script>" not in render('{% include "components/empty.html" with title=evil text=evil %}', evil=evil)


def test_pagination_keeps_the_search_and_swaps_the_cursor() -> None:
    page: Page[int] = Page(items=(1, 2), cursors=("one", "two"), has_next=True, has_previous=True)
    request = RequestFactory().get("/console/products/", {"search": "milk", "after": "old"})

    html = render_to_string("components/pagination.html", {"page": page}, request)

    assert 'href="?search=milk&amp;before=one"' in html
    assert 'href="?search=milk&amp;after=two"' in html
