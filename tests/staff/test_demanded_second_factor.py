"""Who is bound by the demand for a second factor does not lift it."""

from datetime import datetime

import pytest
from staff.errors import SecondFactorDemanded
from staff.models import Role, User
from staff.permissions import PERMISSIONS
from staff.roles import change_role, create_role, require_second_factor
from staff.selectors import get_access
from staff.types import Access

from tenants.models import Shop

CLERK, TILL = "custom-clerk", "custom-till"
HELD = ["orders.view", "staff.manage", "roles.manage"]


@pytest.fixture(autouse=True)
def _roles(shop: Shop) -> None:
    Role.objects.create(code=CLERK, name="Clerk", permissions=HELD, second_factor_required=True)
    Role.objects.create(code="custom-twin", name="Twin", permissions=HELD, second_factor_required=True)
    Role.objects.create(code=TILL, name="Till", permissions=["orders.view"], second_factor_required=True)
    Role.objects.create(code="custom-free", name="Free", permissions=["orders.view"])


@pytest.fixture
def clerk(shop: Shop) -> Access:
    return get_access(user=User.objects.create_user("clerk@north.example", role=CLERK))


def list_demanding() -> set[str]:
    return set(Role.objects.filter(second_factor_required=True).values_list("code", flat=True))


@pytest.mark.parametrize("code", [CLERK, "custom-twin"])
def test_the_demand_on_a_role_that_may_as_much_as_ones_own_stays(clerk: Access, code: str) -> None:
    with pytest.raises(SecondFactorDemanded):
        require_second_factor(code=code, required=False, access=clerk)
    with pytest.raises(SecondFactorDemanded):
        change_role(code=code, name="X", permissions=HELD, second_factor_required=False, access=clerk)
    with pytest.raises(SecondFactorDemanded):  # nor by way of a smaller one
        change_role(code=code, name="X", permissions=["orders.view"], second_factor_required=False, access=clerk)

    assert list_demanding() == {CLERK, "custom-twin", TILL}


def test_the_demand_on_a_smaller_role_is_lifted_by_whoever_may_more(clerk: Access) -> None:
    require_second_factor(code=TILL, required=False, access=clerk)

    assert list_demanding() == {CLERK, "custom-twin"}


def test_who_is_bound_makes_no_role_that_is_not_and_widens_none(clerk: Access, now: datetime) -> None:
    with pytest.raises(SecondFactorDemanded):
        create_role(name="Mine", permissions=HELD, second_factor_required=False, access=clerk, now=now)
    with pytest.raises(SecondFactorDemanded):
        change_role(code="custom-free", name="Free", permissions=HELD, second_factor_required=False, access=clerk)
    create_role(name="Mine", permissions=HELD, second_factor_required=True, access=clerk, now=now)
    change_role(code="custom-free", name="Free!", permissions=[], second_factor_required=False, access=clerk)

    assert not Role.objects.filter(second_factor_required=False).exclude(permissions=[]).exists()


def test_who_is_not_bound_makes_roles_as_they_like(shop: Shop, now: datetime) -> None:
    Role.objects.filter(code=CLERK).update(second_factor_required=False)
    clerk = get_access(user=User.objects.create_user("clerk@north.example", role=CLERK))

    code = create_role(name="Mine", permissions=HELD, second_factor_required=False, access=clerk, now=now)

    assert code not in list_demanding()


def test_an_owner_lifts_every_demand_also_on_owners(owner_user: User, now: datetime) -> None:
    require_second_factor(code="owner", required=True, access=get_access(user=owner_user))
    access = get_access(user=owner_user)
    assert access.second_factor_required

    for code in ("owner", CLERK):
        require_second_factor(code=code, required=False, access=access)
    change_role(code=TILL, name="Till", permissions=list(PERMISSIONS), second_factor_required=False, access=access)

    assert list_demanding() == {"custom-twin"}
