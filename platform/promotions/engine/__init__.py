"""The promotion engine: a pure function from facts, live promotions and a policy to a quote.

    rules = Ruleset.compile(promotions, policy)     # once per version; raises InvalidInput with every fault
    quote = rules.price(facts)                      # as often as you like; explain=True says why not
    badges = rules.badges(line, now=..., channel="online", currency="CNY")

No database, clock, settings, randomness or input mutation: the same input gives the same quote, whatever the order of
lines and promotions. Money is an integer in minor units, rates are basis points. It imports the standard library and
`kernel.money` alone. How it works: `docs/algorithms/promotions.md`.
"""

from promotions.engine.faults import Fault, InvalidInput
from promotions.engine.nudges import Nudge
from promotions.engine.policy import DEFAULT_POLICY
from promotions.engine.quote import Quote
from promotions.engine.refunds import Refund, Refunded, refund
from promotions.engine.ruleset import Badge, Ruleset, validate_promotion

__all__ = [
    "DEFAULT_POLICY",
    "Badge",
    "Fault",
    "InvalidInput",
    "Nudge",
    "Quote",
    "Refund",
    "Refunded",
    "Ruleset",
    "refund",
    "validate_promotion",
]
