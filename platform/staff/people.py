"""The people of a shop: list them, change what they may do, close their accounts. Inside a tenant transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput, NotFound

from staff.audit import record_own_event
from staff.errors import LastOwner
from staff.models import Invitation, Role, User
from staff.permissions import BUILT_IN
from staff.roles import check_may_hand_out, may_invite
from staff.selectors import get_access
from staff.types import Access, PersonRow
from tenants.entitlements import check_allowance


def list_people() -> list[PersonRow]:
    """Everybody with an account: open ones first, by address. Two statements."""
    has_totp = Exists(Authenticator.objects.filter(user_id=OuterRef("pk"), type=Authenticator.Type.TOTP))
    names = get_role_names()
    return [
        PersonRow(
            id=user.pk,
            email=user.email,
            name=user.name,
            role=user.role,
            role_name=names.get(user.role, ""),
            is_active=user.is_active,
            last_login=user.last_login,
            has_second_factor=user.has_totp,
        )
        for user in User.objects.annotate(has_totp=has_totp).order_by("-is_active", "email")
    ]


def get_person(*, user_id: UUID) -> PersonRow:
    """One of them. Raises `NotFound`."""
    for person in list_people():
        if person.id == user_id:
            return person
    raise _unknown()


def get_role_names() -> dict[str, str]:
    """What people call each role, by its code. One statement."""
    names = {code: str(role.name) for code, role in BUILT_IN.items()}
    return names | dict(Role.objects.exclude(name="").values_list("code", "name"))


def change_role_of(*, user_id: UUID, role: str, access: Access, now: datetime) -> None:
    """Give somebody another role, from their next page on; `access` is of who does it.

    Invitations of theirs that they could not send with the new role are taken back.

    Raises `NotFound`, `InvalidInput` for an unknown role, `BeyondOwnRole` (the old or the new role may do more than
    `access`), `LastOwner`.
    """
    user = _lock_person(user_id, access)
    check_may_hand_out(code=role, access=access)
    with _keeping_an_owner():
        User.objects.filter(pk=user.pk).update(role=role)
    held = get_access(user=User(pk=user.pk, role=role))
    for invitation in _list_invitations_of(user.pk):
        if not may_invite(access=held, code=invitation.role):
            _revoke(invitation, now)


def close_account(*, user_id: UUID, by: UUID, access: Access, now: datetime) -> None:
    """Let somebody in no longer: the next request of every session of theirs is nobody's.

    Whom they invited is let in no longer either.

    Raises `NotFound`, `BeyondOwnRole`, `LastOwner`, `InvalidInput` for one's own account.
    """
    if user_id == by:
        raise InvalidInput(_("You cannot close your own account. Ask somebody else who manages the staff."))
    user = _lock_person(user_id, access)
    with _keeping_an_owner():
        User.objects.filter(pk=user.pk).update(is_active=False)
    end_sessions(user_id=user_id)
    for invitation in _list_invitations_of(user.pk):
        _revoke(invitation, now)


def reopen_account(*, user_id: UUID, access: Access) -> None:
    """Let somebody in again, with password and second factor as they were.

    Raises `NotFound`, `BeyondOwnRole`, `tenants.errors.PlanLimitReached`.
    """
    user = _lock_person(user_id, access)
    User.objects.filter(pk=user.pk).update(is_active=True)
    check_allowance(resource="staff")


def remove_second_factor(*, user_id: UUID, by: UUID, access: Access) -> None:
    """For somebody who lost the phone and the recovery codes: signing in asks for the password alone again.

    Their sessions end. Raises `NotFound`, `BeyondOwnRole`, `InvalidInput` for one's own, which asks for more elsewhere.
    """
    if user_id == by:
        raise InvalidInput(_("Your own second factor is removed on the page Security."))
    user = _lock_person(user_id, access)
    Authenticator.objects.filter(user_id=user.pk).delete()
    end_sessions(user_id=user_id)


def list_sessions(*, user_id: UUID) -> list[UserSession]:
    """Where somebody is signed in, the session last seen first; those that open nothing any more are left out.

    One statement: the tidy-up deletes what ended sessions leave behind.
    """
    held = Session.objects.filter(pk=OuterRef("session_key"), expire_date__gt=Now()).values("session_data")
    sessions = UserSession.objects.filter(user_id=user_id).select_related("user").annotate(held=Subquery(held))
    return [each for each in sessions.exclude(held=None).order_by("-last_seen_at", "pk") if _still_opens(each)]


def end_sessions_of(*, user_id: UUID, access: Access, session_id: int | None = None) -> None:
    """End a colleague's sessions: all, or the one of `session_id`. Raises `NotFound`, `BeyondOwnRole`."""
    user = _lock_person(user_id, access)
    if ended := end_sessions(user_id=user_id, session_id=session_id):
        record_own_event(event="session_ended", subject="staff_user", label=user.email, details={"sessions": ended})


def end_sessions(*, user_id: UUID, session_id: int | None = None, but: str | None = None) -> int:
    """End somebody's sessions: all, the one of `session_id`, or all but that of the key `but`. How many ended."""
    sessions = UserSession.objects.filter(user_id=user_id)
    if session_id is not None:
        sessions = sessions.filter(pk=session_id)
    if but is not None:
        sessions = sessions.exclude(session_key=but)
    ended = list(sessions)
    for session in ended:
        session.end()
    return len(ended)


def _still_opens(session: Any) -> bool:
    """Not after the password was changed, nor for a closed account. `session` comes with what it holds, as `held`."""
    user = session.user
    proofs = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    return user.is_active and SessionStore().decode(session.held).get(HASH_SESSION_KEY) in proofs


def _list_invitations_of(user_id: UUID) -> list[Invitation]:
    return list(Invitation.objects.select_for_update().filter(inviter_id=user_id, accepted_at=None, revoked_at=None))


def _revoke(invitation: Invitation, now: datetime) -> None:
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])


def _lock_person(user_id: UUID, access: Access) -> User:
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise _unknown()
    if user.role in BUILT_IN or Role.objects.filter(code=user.role).exists():
        check_may_hand_out(code=user.role, access=access)
    return user


@contextmanager
def _keeping_an_owner() -> Iterator[None]:
    """The rule itself is the database's (the trigger `staff_keep_an_owner`)."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "keeps an active owner" not in str(error):
            raise
        raise LastOwner from error


def _unknown() -> NotFound:
    return NotFound(_("Nobody of this shop has this account."))
