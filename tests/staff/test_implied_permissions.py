"""A role of the shop's own gets what its permissions need to be of use."""

from datetime import datetime

import pytest
from staff.errors import BeyondOwnRole
from staff.models import Role, User
from staff.permissions import BUILT_IN, IMPLIED, PERMISSIONS, add_implied
from staff.roles import change_role, create_role
from staff.selectors import get_access


def test_what_is_implied_is_known_and_implies_nothing_more() -> None:
    for permission, needed in IMPLIED.items():
        assert {permission, *needed} <= set(PERMISSIONS)
        assert add_implied(needed) == needed


def test_the_built_in_roles_lack_nothing() -> None:
    for role in BUILT_IN.values():
        assert add_implied(role.permissions) == role.permissions


def test_saving_a_role_adds_what_it_needs(owner_user: User, now: datetime) -> None:
    access = get_access(user=owner_user)

    code = create_role(name="Till", permissions=["orders.settle"], second_factor_required=False, access=access, now=now)
    assert Role.objects.get().permissions == ["orders.view", "orders.settle"]
    change_role(
        code=code, name="Till", permissions=["stock.adjust", "keys.manage"], second_factor_required=False, access=access
    )

    assert Role.objects.get().permissions == ["products.view", "stock.view", "stock.adjust", "keys.manage"]


def test_nobody_hands_out_by_implication_what_they_may_not_hand_out(owner_user: User, now: datetime) -> None:
    Role.objects.create(code="custom-clerk", name="Clerk", permissions=["roles.manage", "orders.settle"])
    clerk = get_access(user=User.objects.create_user("clerk@north.example", role="custom-clerk"))

    with pytest.raises(BeyondOwnRole):
        create_role(name="Till", permissions=["orders.settle"], second_factor_required=False, access=clerk, now=now)

    assert Role.objects.count() == 1
