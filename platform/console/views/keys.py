"""API keys: list, make, revoke."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from kernel.errors import InvalidInput, NotFound
from staff.selectors import list_api_keys
from staff.services import create_api_key, revoke_api_key

from console.access import staff_page
from console.forms.fields import add_fault
from console.forms.keys import ApiKeyForm
from console.posts import post_only

# A new secret waits here for the page after the redirect, which shows it once.
NEW_SECRET = "new_api_key"  # noqa: S105 - the name of a place


@staff_page("keys.manage", shown_while_closed=True)
@sensitive_variables("key")
def api_keys(request: HttpRequest) -> HttpResponse:
    """Every key, and the form for another one. A new secret is shown on the next page view only."""
    form = ApiKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with transaction.atomic():
                key = create_api_key(
                    name=data["name"], kind=data["kind"], origins=data["origins"].split(), now=timezone.now()
                )
        except InvalidInput as fault:
            add_fault(form, fault)
        else:
            request.session[NEW_SECRET] = key.secret
            return redirect("console:api_keys")
    secret = None if request.method == "POST" else request.session.pop(NEW_SECRET, None)
    return render(request, "console/api_keys.html", {"form": form, "keys": list_api_keys(), "new_secret": secret})


@post_only
@staff_page("keys.manage", while_closed=True)
def api_key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a key at once."""
    try:
        revoke_api_key(key_id=key_id, now=timezone.now())
    except NotFound:
        raise Http404 from None
    messages.success(request, _("The key no longer works."))
    return redirect("console:api_keys")
