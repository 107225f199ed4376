"""What a request says about who acts, for the audit log."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from staff.audit import OPERATOR
from tenants.actor import Actor


def get_actor(request: HttpRequest, *, name: str = "") -> Actor:
    """Who asks, and from where; `name` (an address as it was typed) for who is not signed in."""
    if operator := find_operator(request):
        actor, name = f"operator:{operator['name']}", operator["name"]
    elif request.user.is_authenticated:
        actor, name = f"staff:{request.user.pk}", request.user.email
    else:
        actor = ""
    return Actor(
        id=actor, name=name, ip=get_ip(request), user_agent=request.headers.get("User-Agent", ""), path=request.path
    )


def find_operator(request: HttpRequest) -> dict[str, str] | None:
    """Who of the platform acts in this session for the shop, with the reason; None for the shop's own people."""
    found: dict[str, str] | None = request.session.get(OPERATOR)
    return found


def get_ip(request: HttpRequest) -> str | None:
    """The address that the outermost proxy of ours saw."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:  # none is known, over a local socket
        return None
