"""Roles: the built-in ones, and those that a shop makes of the known permissions. Inside a tenant transaction."""

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput, NotFound
from kernel.ids import new_code

from staff.errors import BeyondOwnRole, RoleInUse, SecondFactorDemanded
from staff.models import CUSTOM, Invitation, Role, User
from staff.permissions import BUILT_IN, OWNER, PERMISSIONS, add_implied, find_unknown
from staff.types import Access, RoleRow
from tenants.entitlements import check_feature
from tenants.transaction import current_shop

NAME_LENGTH = 50


def list_roles() -> list[RoleRow]:
    """The built-in roles, then the shop's own by name. Two statements."""
    people = dict(User.objects.values_list("role").annotate(Count("pk")).order_by())
    rows = {role.code: role for role in Role.objects.order_by("name", "code")}
    built_in = [
        RoleRow(
            code=code,
            name=str(role.name),
            description=str(role.description),
            permissions=role.permissions,
            is_custom=False,
            second_factor_required=code in rows and rows[code].second_factor_required,
            people=people.get(code, 0),
        )
        for code, role in BUILT_IN.items()
    ]
    return built_in + [_to_row(role, people.get(code, 0)) for code, role in rows.items() if code not in BUILT_IN]


def get_role(*, code: str) -> RoleRow:
    """One role. Raises `NotFound`."""
    for role in list_roles():
        if role.code == code:
            return role
    raise NotFound(_("This role does not exist."))


def check_may_hand_out(*, code: str, access: Access) -> None:
    """Raise `BeyondOwnRole` where the role may do more than `access`, `InvalidInput` where there is none of this code.

    A shop's own role stays locked until the end of the transaction, so that it is not deleted meanwhile.
    """
    if code in BUILT_IN:
        permissions: Collection[str] = BUILT_IN[code].permissions
    else:
        try:
            permissions = _lock_role(code).permissions
        except NotFound:
            raise InvalidInput(_("Choose one of the roles offered."), field=["role"]) from None
    if not access.permissions.issuperset(permissions):
        raise BeyondOwnRole


def may_invite(*, access: Access, code: str) -> bool:
    """Tell whether somebody may ask people to join with a role; not with one that is no longer there."""
    if code in BUILT_IN:
        permissions: Collection[str] | None = BUILT_IN[code].permissions
    else:
        permissions = Role.objects.filter(code=code).values_list("permissions", flat=True).first()
    return permissions is not None and access.permissions.issuperset({"staff.manage", *permissions})


def create_role(
    *, name: str, permissions: Collection[str], second_factor_required: bool, access: Access, now: datetime
) -> str:
    """Make a role of the shop's own and return its code. Nobody puts more into it than the own role holds.

    What its permissions need to be of use is added (`staff.permissions.IMPLIED`).

    Raises `InvalidInput` for `name` and `permissions`, `BeyondOwnRole`, `SecondFactorDemanded`,
    `tenants.errors.FeatureMissing`.
    """
    check_feature(current_shop(), "custom_roles")
    name, held = _check(name, permissions, access)
    _check_may_leave_unbound(access, required=second_factor_required, gained=held)
    role = Role(
        code=CUSTOM + new_code().lower(),
        name=name,
        permissions=held,
        second_factor_required=second_factor_required,
        created_at=now,
    )
    _save(role, is_new=True)
    return role.code


def change_role(
    *, code: str, name: str, permissions: Collection[str], second_factor_required: bool, access: Access
) -> None:
    """Change a role of the shop's own; who has it may do so from the next page on. Adds as `create_role` does.

    Raises `NotFound`, `InvalidInput` for `name` and `permissions`, `BeyondOwnRole`, `SecondFactorDemanded`.
    """
    role = _lock_role(code)
    if not access.permissions.issuperset(role.permissions):
        raise BeyondOwnRole
    name, held = _check(name, permissions, access)
    freed = role.permissions if role.second_factor_required else None
    gained = set(held) - set(role.permissions)
    _check_may_leave_unbound(access, required=second_factor_required, freed=freed, gained=gained)
    role.name, role.permissions = name, held
    role.second_factor_required = second_factor_required
    _save(role, is_new=False)


def require_second_factor(*, code: str, required: bool, access: Access) -> None:
    """Say whether people of a role must have a second factor.

    Raises `NotFound`, `BeyondOwnRole`, `SecondFactorDemanded`.
    """
    held = BUILT_IN[code].permissions if code in BUILT_IN else _lock_role(code).permissions
    check_may_hand_out(code=code, access=access)
    is_required = Role.objects.filter(code=code, second_factor_required=True).exists()
    _check_may_leave_unbound(access, required=required, freed=held if is_required else None)
    Role.objects.update_or_create(code=code, defaults={"second_factor_required": required})


def delete_role(*, code: str, access: Access) -> None:
    """Delete a role that nobody has. Raises `NotFound`, `RoleInUse`, `BeyondOwnRole`."""
    role = _lock_role(code)
    if not access.permissions.issuperset(role.permissions):
        raise BeyondOwnRole
    invited = Invitation.objects.filter(role=code, accepted_at=None, revoked_at=None)
    if invited.exists() or User.objects.filter(role=code).exists():  # in this order: accepting turns one into the other
        raise RoleInUse
    role.delete()


def _check_may_leave_unbound(
    access: Access, *, required: bool, freed: Collection[str] | None = None, gained: Collection[str] = ()
) -> None:
    """Raise `SecondFactorDemanded` where somebody but an owner frees people like themselves of the second factor.

    `freed` is what a role may do that demanded one until now; `gained` what a role may do from now on. Whose own role
    demands one makes and widens no role that does not: they could take it themselves.
    """
    if required or access.role == OWNER:
        return
    is_equal = freed is not None and not access.permissions > frozenset(freed)
    if is_equal or (access.second_factor_required and gained):
        raise SecondFactorDemanded


def _lock_role(code: str) -> Role:
    role = Role.objects.select_for_update().filter(code=code, code__startswith=CUSTOM).first()
    if role is None:
        raise NotFound(_("This role does not exist."))
    return role


def _check(name: str, permissions: Collection[str], access: Access) -> tuple[str, list[str]]:
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise InvalidInput(
            _("Give the role a name of 1 to %(limit)d characters.") % {"limit": NAME_LENGTH}, field=["name"]
        )
    if name.lower() in {str(role.name).lower() for role in BUILT_IN.values()}:
        raise _name_taken()
    if unknown := find_unknown(permissions):
        raise InvalidInput(
            _("Not a permission: %(names)s.") % {"names": ", ".join(unknown)[:200]}, field=["permissions"]
        )
    whole = add_implied(permissions)
    if not access.permissions.issuperset(whole):
        raise BeyondOwnRole
    return name, [each for each in PERMISSIONS if each in whole]


def _save(role: Role, *, is_new: bool) -> None:
    try:
        with transaction.atomic():
            role.save(force_insert=is_new, force_update=not is_new)
    except IntegrityError as error:
        if "role_name_unique" not in str(error):
            raise
        raise _name_taken() from error


def _name_taken() -> InvalidInput:
    return InvalidInput(_("Another role has this name. Choose another one."), field=["name"])


def _to_row(role: Role, people: int) -> RoleRow:
    return RoleRow(
        code=role.code,
        name=role.name,
        description="",
        permissions=frozenset(role.permissions) & frozenset(PERMISSIONS),
        is_custom=True,
        second_factor_required=role.second_factor_required,
        people=people,
    )
