"""People's accounts are closed, never deleted."""

import pytest
from staff.errors import AccountStays
from staff.models import User

from tenants.models import Shop


@pytest.mark.parametrize("in_a_shop", [True, False], ids=["shop", "public"])
def test_no_account_is_deleted_by_whatever_way(request: pytest.FixtureRequest, db: None, in_a_shop: bool) -> None:
    if in_a_shop:
        assert isinstance(request.getfixturevalue("shop"), Shop)
    user = User.objects.create_user("eve@example.com", "a-long-enough-password")
    for delete in (user.delete, User.objects.filter(pk=user.pk).delete, User.objects.all().delete):
        with pytest.raises(AccountStays):
            delete()
    assert User.objects.filter(pk=user.pk).exists()
