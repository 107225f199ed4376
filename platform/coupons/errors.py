"""What goes wrong around coupons.

DomainError
├── BatchNotFound    no batch of this shop has this id
├── SoldOut          every coupon of the batch has been claimed
├── MemberLimit      this member has had as many of the batch as one may have
├── ClaimClosed      the batch is paused, not open yet, or over
└── CouponNotUsable  a coupon is unknown, used, expired or withdrawn
"""

from kernel.errors import DomainError, NotFound


class BatchNotFound(NotFound):
    """Unknown in this shop."""


class SoldOut(DomainError):
    """None left."""

    code = "LIMIT_REACHED"


class MemberLimit(DomainError):
    """None left for this member."""

    code = "LIMIT_REACHED"


class ClaimClosed(DomainError):
    """Not now."""

    code = "EXPIRED"


class CouponNotUsable(DomainError):
    """It cannot be redeemed."""

    code = "EXPIRED"
