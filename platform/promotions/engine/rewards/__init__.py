"""Rewards, one small module each; `REWARDS` is the one place that knows them by name.

A new reward is a module with a `Reward` subclass and a row here.
"""

from collections.abc import Callable

from promotions.engine.faults import Fault, Path, Reader
from promotions.engine.rewards.amount_off import AmountOff, parse_amount_off
from promotions.engine.rewards.any_n_price import AnyNPrice
from promotions.engine.rewards.base import Curve, Proposal, Reward, Turn
from promotions.engine.rewards.bundle_price import BundlePrice
from promotions.engine.rewards.buy_get import BuyGet
from promotions.engine.rewards.effects import Effect, Extra, Gift, IssueCoupon, PointsMultiplier
from promotions.engine.rewards.expiry_ladder import ExpiryLadder
from promotions.engine.rewards.nth_unit import NthUnit
from promotions.engine.rewards.percent_off import PercentOff
from promotions.engine.rewards.shipping_off import ShippingOff
from promotions.engine.rewards.tiers import Tiers
from promotions.engine.rewards.unit_price import FixedUnitPrice, MemberPrice
from promotions.engine.scope import Scopes

__all__ = ["REWARDS", "Curve", "Effect", "Extra", "Proposal", "Reward", "Turn", "parse_reward"]

REWARDS: dict[str, tuple[frozenset[str], Callable[[Reader, Scopes], Reward]]] = {
    "percent_off": (PercentOff.keys, PercentOff.parse),
    "amount_off": (AmountOff.keys, parse_amount_off),
    "tiers": (Tiers.keys, Tiers.parse),
    **{
        reward.type: (reward.keys, reward.parse)
        for reward in (
            FixedUnitPrice,
            MemberPrice,
            NthUnit,
            BuyGet,
            BundlePrice,
            AnyNPrice,
            ExpiryLadder,
            Gift,
            ShippingOff,
            PointsMultiplier,
            IssueCoupon,
        )
    },
}


def parse_reward(document: object, path: Path, faults: list[Fault], scopes: Scopes) -> Reward | None:
    """The reward, or null where its type is not known."""
    name = document.get("type") if isinstance(document, dict) else None
    known = REWARDS.get(name) if isinstance(name, str) else None
    if known is None:
        # Of an unknown type nothing is known about the other keys either, so they are not judged.
        reader = Reader(document, path, faults, document.keys() if isinstance(document, dict) else ())
        if isinstance(document, dict):
            reader.choice("type", tuple(REWARDS))
        return None
    keys, parse = known
    return parse(Reader(document, path, faults, keys | {"type"}), scopes)
