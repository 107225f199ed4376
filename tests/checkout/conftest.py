"""A shop with tea to sell and a member with a coupon."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest
from coupons.services import claim_coupon
from members.services import issue_token
from members.types import TokenRow

from tenants.models import Shop
from tests.support.coupons import make_batch, make_member
from tests.support.storefront import make_product


@dataclass(frozen=True)
class Buyer:
    """A member with an unverified token and a coupon: 8.00 off from 40.00."""

    member_id: UUID
    token: TokenRow
    code: str


@pytest.fixture
def tea(shop: Shop, now: datetime) -> None:
    """TEA at 25.00 and CUP at 180.00, ten of each."""
    make_product(now, skus={"TEA": 2500, "CUP": 18000})


@pytest.fixture
def buyer(shop: Shop, now: datetime) -> Buyer:
    """A member who holds a coupon."""
    member_id = make_member(now)
    token_id, _ = issue_token(member_id=member_id, is_verified=False, now=now)
    coupon = claim_coupon(batch_id=make_batch(now), member_id=member_id, token_id=token_id, now=now)
    return Buyer(member_id, TokenRow(token_id, member_id, is_verified=False), coupon.code)
