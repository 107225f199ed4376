"""What promotions' selectors return."""

from collections.abc import Mapping
from dataclasses import dataclass

from promotions.engine import Ruleset


@dataclass(frozen=True, slots=True)
class LiveRules:
    """The compiled live promotions of a shop; `names` maps promotion ids to the names that customers read."""

    version: int
    ruleset: Ruleset
    names: Mapping[str, str]
