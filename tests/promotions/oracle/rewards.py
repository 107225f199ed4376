"""What each reward wants, before floors, limits and the cap. One function a reward, as in the table of the spec."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .arithmetic import half_up, share
from .cart import Cart, Json, State, Unit, dearest_first, worth

MONEY = (
    "percent_off", "amount_off", "tiers", "fixed_unit_price", "member_price", "nth_unit", "buy_get", "bundle_price",
    "any_n_price", "expiry_ladder", "shipping_off",
)  # fmt: skip


@dataclass
class Wanted:
    """What one reward would do.

    `discounts`: by unit. `consumed`: units used up whatever they get; with `by_effect` it is those lowered instead.
    `possible`: there were units, enough for a group. `missing`: below the first step, (fact, how much).
    """

    discounts: dict[int, int] = field(default_factory=dict)
    consumed: set[int] = field(default_factory=set)
    by_effect: bool = False
    times: int = 1
    possible: bool = True
    shipping: int = 0
    gift: int = 0
    effect: bool = False
    missing: tuple[str, int] | None = None


@dataclass(frozen=True)
class At:
    """Where a reward stands: the cart, the state as it starts, its lane, and `times_per_order`."""

    cart: Cart
    state: State
    lane: str
    times_per_order: int | None

    def held(self, times: int, max_times: int | None) -> int:
        """No more repeats than both limits let."""
        return min([times, *(limit for limit in (max_times, self.times_per_order) if limit is not None)])

    def amount(self, unit: Unit) -> int:
        """The unit's current amount."""
        return self.state.amounts[unit.index]


def taken(reward: Json, at: At, above: int) -> tuple[list[Unit], list[Unit]]:
    """The free units in scope, and of them those that the reward takes: `max_units` passes over those not above."""
    found = at.cart.free_in(reward.get("scope") or {}, at.state)
    if reward.get("max_units") is None:
        return found, found
    worthwhile = [unit for unit in found if at.amount(unit) > above]
    if reward.get("pick") == "cheapest":
        worthwhile.reverse()
    return found, worthwhile[: reward["max_units"]]


def shared(whole: int, units: list[Unit], at: At, weights: list[int] | None = None) -> dict[int, int]:
    """`whole` over the units by their current amounts (or `weights`); ties: line id, dearer unit, larger share."""
    parts = weights if weights is not None else [at.amount(unit) for unit in units]
    ranks = [(unit.line_id, -at.amount(unit), -part) for unit, part in zip(units, parts, strict=True)]
    return {unit.index: got for unit, got in zip(units, share(whole, parts, ranks), strict=True)}


def percentage(units: list[Unit], bp: int, at: At) -> dict[int, int]:
    """A percentage of current amounts: by the unit in the lane `price`, elsewhere once of the sum, then shared."""
    if at.lane == "price":
        return {unit.index: half_up(at.amount(unit), bp) for unit in units}
    return shared(half_up(worth(units, at.state), bp), units, at)


def indexes(units: list[Unit]) -> set[int]:
    """The units by number."""
    return {unit.index for unit in units}


def grouped(units: list[Unit], group_by: str) -> list[list[Unit]]:
    """The units by scope (one group), SKU or product; their order is kept."""
    groups: dict[object, list[Unit]] = {}
    for unit in units:
        name = {"scope": "", "sku": unit.line["sku"], "product": unit.product}[group_by]
        groups.setdefault(name, []).append(unit)
    return list(groups.values())


def percent_off(reward: Json, at: At) -> Wanted:
    """Off the current, or the initial, amount of the units taken; at most `max_amount`."""
    found, units = taken(reward, at, above=0)
    initial = reward.get("basis", "current") == "initial"
    base = [unit.initial if initial else at.amount(unit) for unit in units]
    if at.lane == "price":
        each = [half_up(amount, reward["percent_bp"]) for amount in base]
        whole = sum(each)
    else:
        each = None
        whole = half_up(sum(base), reward["percent_bp"])
    most = reward.get("max_amount")
    if most is not None and whole > most:
        each, whole = None, most
    if each is not None:
        discounts = {unit.index: got for unit, got in zip(units, each, strict=True)}
    else:
        discounts = shared(whole, units, at, base)
    discounts = {index: min(got, at.state.amounts[index]) for index, got in discounts.items()}
    return Wanted(discounts, indexes(units), possible=bool(found))


def amount_off(reward: Json, at: At) -> Wanted:
    """Once, or for every full `every` of the scope's subtotal."""
    units = at.cart.free_in(reward.get("scope") or {}, at.state)
    if not units:
        return Wanted(times=0, possible=False)
    subtotal = worth(units, at.state)
    times, missing = 1, None
    if reward.get("every") is not None:
        times = at.held(subtotal // reward["every"], reward.get("max_times"))
        if times == 0:
            missing = ("subtotal", reward["every"] - subtotal)
    if times == 0:
        return Wanted(times=0, missing=missing)
    return Wanted(shared(min(times * reward["amount"], subtotal), units, at), indexes(units), times=times)


def amount_off_each(reward: Json, at: At) -> Wanted:
    """Off each unit taken, never below 0."""
    found, units = taken(reward, at, above=0)
    discounts = {unit.index: min(reward["amount"], at.amount(unit)) for unit in units}
    return Wanted(discounts, by_effect=True, possible=bool(found))


def tiers(reward: Json, at: At) -> Wanted:
    """The highest step that each group reaches."""
    units = at.cart.free_in(reward.get("scope") or {}, at.state)
    steps = sorted(reward["steps"], key=lambda step: int(step["at"]))
    measure = reward["measure"]
    reached: list[tuple[list[Unit], Json]] = []
    short: list[int] = []
    for group in grouped(units, reward.get("group_by", "scope")):
        size = worth(group, at.state) if measure == "subtotal" else len(group)
        steps_reached = [step for step in steps if step["at"] <= size]
        if steps_reached:
            reached.append((group, steps_reached[-1]))
        else:
            short.append(steps[0]["at"] - size)
    if not reached:
        return Wanted(times=0, possible=bool(units), missing=(measure, min(short)) if short else None)
    reached.sort(key=lambda found: (-at.amount(found[0][0]), found[0][0].line_id))  # by the dearest unit
    reached = reached[: at.held(len(reached), None)]
    wanted = Wanted(times=len(reached))
    for group, step in reached:
        if step.get("percent_bp") is not None:
            wanted.discounts |= percentage(group, step["percent_bp"], at)
        else:
            wanted.discounts |= shared(min(step["amount_off"], worth(group, at.state)), group, at)
        wanted.consumed |= indexes(group)
    return wanted


def fixed_unit_price(reward: Json, at: At) -> Wanted:
    """Each unit taken down to the price."""
    found, units = taken(reward, at, above=reward["unit_price"])
    discounts = {unit.index: max(at.amount(unit) - reward["unit_price"], 0) for unit in units}
    return Wanted(discounts, by_effect=True, possible=bool(found))


def member_price(reward: Json, at: At) -> Wanted:
    """A member pays the line's member price where it is lower."""
    units = at.cart.free_in(reward.get("scope") or {}, at.state)
    wanted = Wanted(by_effect=True, possible=bool(units))
    for unit in units:
        price = unit.line.get("member_price")
        if at.cart.member is not None and price is not None:
            wanted.discounts[unit.index] = max(at.amount(unit) - price, 0)
    return wanted


def nth_unit(reward: Json, at: At) -> Wanted:
    """The cheapest of each full group of n, dearest first."""
    units = at.cart.free_in(reward.get("scope") or {}, at.state)
    n = reward["n"]
    full: list[list[Unit]] = []
    for group in grouped(units, reward["group_by"]):
        full += [group[first : first + n] for first in range(0, len(group) - n + 1, n)]
    full.sort(key=lambda group: (-at.amount(group[-1]), group[-1].line_id))  # by the discounted unit
    full = full[: at.held(len(full), None)]
    wanted = Wanted(times=len(full), possible=bool(full))
    for group in full:
        wanted.discounts[group[-1].index] = half_up(at.amount(group[-1]), reward["percent_bp"])
        wanted.consumed |= indexes(group)
    return wanted


def buy_get(reward: Json, at: At) -> Wanted:
    """Buy the dearest (first those that could not be got), get the cheapest of what is left."""
    buy, get = reward["buy"], reward["get"]
    to_buy = at.cart.free_in(buy.get("scope") or {}, at.state)
    to_get = at.cart.free_in(get.get("scope") or {}, at.state)
    gettable = indexes(to_get)
    to_buy.sort(key=lambda unit: unit.index in gettable)  # stable: each half stays dearest first
    wanted = Wanted(times=0)
    possible = False
    while True:
        bought = [unit for unit in to_buy if unit.index not in wanted.consumed][: buy["quantity"]]
        used = wanted.consumed | indexes(bought)
        got = [unit for unit in reversed(to_get) if unit.index not in used][: get["quantity"]]
        if len(bought) < buy["quantity"] or len(got) < get["quantity"]:
            break
        possible = True
        if at.held(wanted.times + 1, reward.get("max_times")) == wanted.times:
            break
        wanted.consumed = used | indexes(got)
        for unit in got:
            wanted.discounts[unit.index] = half_up(at.amount(unit), get["percent_bp"])
        wanted.times += 1
    wanted.possible = possible
    return wanted


def _at_a_price(groups: Iterator[list[Unit]], price: int, max_times: int | None, at: At) -> Wanted:
    """Groups at a price together, one after the other while they save."""
    wanted = Wanted(times=0, possible=False)
    for group in groups:
        wanted.possible = True
        saving = worth(group, at.state) - price
        if saving <= 0 or at.held(wanted.times + 1, max_times) == wanted.times:
            break
        wanted.discounts |= shared(saving, group, at)
        wanted.consumed |= indexes(group)
        wanted.times += 1
    return wanted


def bundle_price(reward: Json, at: At) -> Wanted:
    """Each item, as listed, takes its dearest units."""

    def bundles() -> Iterator[list[Unit]]:
        used: set[int] = set()
        while True:
            bundle: list[Unit] = []
            for item in reward["items"]:
                left = [u for u in at.cart.free_in(item.get("scope") or {}, at.state) if u.index not in used]
                if len(left) < item["quantity"]:
                    return
                bundle += left[: item["quantity"]]
                used |= indexes(left[: item["quantity"]])
            yield bundle

    return _at_a_price(bundles(), reward["price"], reward.get("max_times"), at)


def any_n_price(reward: Json, at: At) -> Wanted:
    """The dearest n, then the next n."""
    units = at.cart.free_in(reward.get("scope") or {}, at.state)
    n = reward["quantity"]
    groups = (units[first : first + n] for first in range(0, len(units) - n + 1, n))
    return _at_a_price(groups, reward["price"], reward.get("max_times"), at)


def expiry_ladder(reward: Json, at: At) -> Wanted:
    """The deepest step that the batch has reached."""
    units = at.cart.free_in(reward.get("scope") or {}, at.state)
    wanted = Wanted(by_effect=True, possible=bool(units))
    for unit in units:
        days = at.cart.days_to_expiry(unit.line)
        steps = [step for step in reward["steps"] if days is not None and days <= step["max_days_to_expiry"]]
        if steps:
            deepest = min(steps, key=lambda step: int(step["max_days_to_expiry"]))
            wanted.discounts[unit.index] = half_up(at.amount(unit), deepest["percent_bp"])
    return wanted


def gift(reward: Json, at: At) -> Wanted:
    """For all units in scope, consumed or not; it consumes nothing."""
    units = dearest_first(at.cart.all_in(reward.get("scope") or {}, at.state), at.state)
    if not units:
        return Wanted(times=0, possible=False)
    times, missing = 1, None
    for key, measure, size in (
        ("every_quantity", "quantity", len(units)),
        ("every_amount", "subtotal", worth(units, at.state)),
    ):
        if reward.get(key) is not None:
            times = at.held(size // reward[key], reward.get("max_times"))
            if times == 0:
                missing = (measure, reward[key] - size)
    return Wanted(times=times, gift=times * reward["quantity"], missing=missing)


def shipping_off(reward: Json, at: At) -> Wanted:
    """Off the current fee."""
    fee = at.state.shipping
    if reward.get("percent_bp") is not None:
        return Wanted(shipping=half_up(fee, reward["percent_bp"]))
    if reward.get("amount") is not None:
        return Wanted(shipping=min(reward["amount"], fee))
    return Wanted(shipping=max(fee - reward["price"], 0))


def amount_off_by_kind(reward: Json, at: At) -> Wanted:
    """The two rows of the table."""
    return amount_off_each(reward, at) if reward.get("per") == "unit" else amount_off(reward, at)


def points_multiplier(reward: Json, at: At) -> Wanted:
    """For a cart with a unit in scope."""
    there = bool(at.cart.all_in(reward.get("scope") or {}, at.state))
    return Wanted(effect=there, possible=there)


def issue_coupon(reward: Json, at: At) -> Wanted:
    """Always."""
    return Wanted(effect=True)


REWARDS: dict[str, Callable[[Json, At], Wanted]] = {
    "percent_off": percent_off,
    "amount_off": amount_off_by_kind,
    "tiers": tiers,
    "fixed_unit_price": fixed_unit_price,
    "member_price": member_price,
    "nth_unit": nth_unit,
    "buy_get": buy_get,
    "bundle_price": bundle_price,
    "any_n_price": any_n_price,
    "expiry_ladder": expiry_ladder,
    "gift": gift,
    "shipping_off": shipping_off,
    "points_multiplier": points_multiplier,
    "issue_coupon": issue_coupon,
}


def want(reward: Json, at: At) -> Wanted:
    """What `reward` wants at this place."""
    return REWARDS[reward["type"]](reward, at)
