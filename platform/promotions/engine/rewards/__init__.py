"""Rewards, one small module each; `REWARDS` is the one place that knows them by name.

A new reward is a module with a `Reward` subclass and a row here.
"""

from collections.abc import Callable

from promotions.engine.faults import Fault, Path, Reader
from promotions.engine.rewards.amount_off import AmountOff, parse_amount_off
from promotions.engine.rewards.base import Proposal, Reward, Turn
from promotions.engine.rewards.percent_off import PercentOff
from promotions.engine.rewards.tiers import Tiers
from promotions.engine.scope import Scopes

__all__ = ["REWARDS", "Proposal", "Reward", "Turn", "parse_reward"]

REWARDS: dict[str, tuple[frozenset[str], Callable[[Reader, Scopes], Reward]]] = {
    "percent_off": (PercentOff.keys, PercentOff.parse),
    "amount_off": (AmountOff.keys, parse_amount_off),
    "tiers": (Tiers.keys, Tiers.parse),
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
