"""Promotions: one document parsed into what pricing works with."""

from dataclasses import dataclass

from promotions.engine.cart import Cart
from promotions.engine.conditions import Condition, parse_condition
from promotions.engine.facts import UNUSED, Facts
from promotions.engine.faults import MAX_INTEGER, Fault, Path, Reader
from promotions.engine.rewards import Reward, parse_reward
from promotions.engine.schedule import ALWAYS, Schedule, parse_schedule
from promotions.engine.scope import Scopes

LANES = ("price", "item", "order", "coupon", "shipping")
PROMOTION_KEYS = frozenset(
    {
        "id",
        "name",
        "lane",
        "priority",
        "coupon",
        "schedule",
        "when",
        "then",
        "exclusive",
        "excludes",
        "limits",
        "floor_margin_bp",
    }
)
LIMIT_KEYS = frozenset({"times_per_order", "per_member", "total", "discount_total", "discount_per_order"})


@dataclass(frozen=True, slots=True)
class Limits:
    times_per_order: int | None = None
    per_member: int | None = None
    total: int | None = None
    discount_total: int | None = None
    discount_per_order: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class Promotion:
    id: str
    name: str | None
    lane: str
    priority: int
    codes: tuple[str, ...] | None
    schedule: Schedule
    when: Condition | None
    then: tuple[Reward, ...]
    exclusive: bool
    excludes: frozenset[str]
    limits: Limits
    floor_margin_bp: int | None
    is_money: bool  # whether any reward can change an amount; otherwise it competes with none
    decisive: tuple[Reward, ...]  # those without which it has no effect: the money rewards, or all if there are none
    has_extras: bool  # whether it gives gifts or effects
    looks: int  # how often it goes through its units when it is tried

    @property
    def rank(self) -> tuple[int, str]:
        """High priority first, then the id."""
        return -self.priority, self.id

    def mask(self, cart: Cart) -> int:
        """The lines that its decisive rewards can take, need or measure."""
        if len(self.decisive) == 1:
            return self.decisive[0].mask(cart)
        found = 0
        for reward in self.decisive:
            found |= reward.mask(cart)
        return found

    def reaches(self, cart: Cart) -> bool:
        """Whether some line of the cart, or a shipping fee, may have to do with it."""
        return any(reward.of_shipping or reward.mask(cart) for reward in self.then)

    def code(self, facts: Facts) -> str | None:
        """The code to redeem: the first of its codes that the customer gave."""
        for code in self.codes or ():
            if code in facts.coupons:
                return code
        return None

    def used_up(self, facts: Facts) -> bool:
        """Whether a limit leaves nothing for this order."""
        limits = self.limits
        usage = facts.usage.get(self.id, UNUSED)
        return (
            (limits.per_member is not None and (facts.member is None or usage.member >= limits.per_member))
            or (limits.total is not None and usage.total >= limits.total)
            or (limits.discount_total is not None and usage.discount >= limits.discount_total)
        )

    def budget(self, facts: Facts) -> int | None:
        """The most that its limits let it take off this order; null is no limit."""
        limits = self.limits
        if limits is UNLIMITED:
            return None
        most = limits.discount_per_order
        if limits.discount_total is not None:
            left = limits.discount_total - facts.usage.get(self.id, UNUSED).discount
            most = left if most is None else min(most, left)
        return most

    def conflicts_with(self, other: "Promotion") -> bool:
        """Whether the two must not apply together."""
        return bool(
            (self.excludes and (other.id in self.excludes or other.lane in self.excludes))
            or (other.excludes and (self.id in other.excludes or self.lane in other.excludes))
        )


def parse_promotion(document: object, path: Path | None, faults: list[Fault], scopes: Scopes) -> Promotion | None:
    """The promotion, or null where faults leave nothing to build."""
    before = len(faults)
    reader = Reader(document, path, faults, PROMOTION_KEYS)
    promotion_id = reader.text("id", required=True) or ""
    if promotion_id in LANES:
        reader.fault("id", "CONFLICT", "must not be the name of a lane")
    name = reader.document.get("name")
    if name is not None and not isinstance(name, str):
        reader.fault("name", "TYPE", "must be a text")
    lane = reader.choice("lane", LANES)
    priority = reader.integer("priority", -MAX_INTEGER)
    codes = _parse_codes(reader)
    schedule = ALWAYS
    if reader.has("schedule"):
        schedule = parse_schedule(reader.document["schedule"], reader.at("schedule"), faults)
    when = None
    if reader.has("when"):
        when = parse_condition(reader.document["when"], reader.at("when"), faults, scopes)
    then = [parse_reward(entry, place, faults, scopes) for place, entry in reader.items("then", required=True)]
    excludes = reader.texts("excludes", may_be_empty=True)
    if promotion_id and promotion_id in excludes:
        reader.fault("excludes", "CONFLICT", "a promotion cannot exclude itself")
    exclusive = reader.flag("exclusive")
    limits = _parse_limits(reader)
    floor_margin_bp = reader.optional_integer("floor_margin_bp", 0)
    rewards = tuple(reward for reward in then if reward is not None)
    if len(faults) > before:
        return None
    money = tuple(reward for reward in rewards if reward.is_money)
    return Promotion(
        promotion_id,
        name,
        lane,
        priority,
        codes,
        schedule,
        when,
        rewards,
        exclusive,
        frozenset(excludes),
        limits,
        floor_margin_bp,
        bool(money),
        money or rewards,
        len(money) < len(rewards),
        sum([reward.looks for reward in rewards]) * (1 if limits.times_per_order is None else 2),
    )


def _parse_codes(reader: Reader) -> tuple[str, ...] | None:
    if not reader.has("coupon"):
        return None
    coupon = Reader(reader.document["coupon"], reader.at("coupon"), reader.faults, ("codes",))
    return coupon.texts("codes", required=True)


def _parse_limits(reader: Reader) -> Limits:
    if not reader.has("limits"):
        return UNLIMITED
    limits = Reader(reader.document["limits"], reader.at("limits"), reader.faults, LIMIT_KEYS)
    found = Limits(**{key: limits.optional_integer(key, 1) for key in sorted(LIMIT_KEYS)})  # faults in order
    return UNLIMITED if found == UNLIMITED else found
