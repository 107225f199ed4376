"""What promotions' selectors return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promotions.engine import Ruleset


@dataclass(frozen=True, slots=True)
class LiveRules:
    """The compiled live promotions of a shop.

    By promotion id, `names` is what customers read and `codes` the codes that open it (none where it is automatic).
    `needs_costs` tells that some margin floor looks at what goods cost.
    """

    version: int
    ruleset: Ruleset
    names: Mapping[str, str]
    codes: Mapping[str, Sequence[str]]
    needs_costs: bool
