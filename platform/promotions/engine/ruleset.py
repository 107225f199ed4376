"""Rule sets: promotions and policy compiled once, then asked for quotes and badges."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from promotions.engine.cart import Cart, merged
from promotions.engine.facts import Facts, parse_facts, parse_line, parse_usage
from promotions.engine.faults import Fault, InvalidInput, Path
from promotions.engine.index import Index
from promotions.engine.lanes import Pass, Winner
from promotions.engine.nudges import Nudge, find_nudges
from promotions.engine.policy import DEFAULT_POLICY, Policy, parse_policy
from promotions.engine.promotion import UNLIMITED, Promotion, parse_promotion
from promotions.engine.quote import Adjustment, Applied, Quote, QuoteLine, QuoteUnits, Skipped
from promotions.engine.schedule import ALWAYS, Clock
from promotions.engine.scope import Scopes
from promotions.engine.semantics import find_impossible
from promotions.engine.stage import Stage


class Badge(NamedTuple):
    """A live promotion that a listing can show beside a variant.

    `unit_price` is the price of one unit as lane `price` settles it, on the badges of the promotions that settled it.
    """

    promotion: str
    name: str | None
    lane: str
    unit_price: int | None


class Ruleset:
    """The promotions of one version under one policy. Immutable: pricing remembers nothing."""

    def __init__(self, promotions: Sequence[Promotion], policy: Policy) -> None:
        floor = policy.floor_margin_bp
        if floor is not None:
            promotions = [replace(one, floor_margin_bp=max(floor, one.floor_margin_bp or 0)) for one in promotions]
        self.policy = policy
        self.promotions = tuple(sorted(promotions, key=lambda promotion: promotion.rank))
        self._lanes = frozenset(lane.name for lane in policy.lanes)
        self._index = Index(self.promotions)
        self._automatic = tuple([promotion for promotion in self.promotions if promotion.codes is None])

    @classmethod
    def compile(cls, promotions: object, policy: object = None, *, strict: bool = False) -> "Ruleset":
        """A rule set from JSON-decoded documents: a list of promotions and a policy (null is the default policy).

        Raises `InvalidInput` with every fault of both, under `/promotions` and `/policy`; with `strict` also for
        promotions of which a part can never have an effect.
        """
        faults: list[Fault] = []
        found = parse_promotions(promotions, faults, strict=strict)
        rules = parse_policy(DEFAULT_POLICY if policy is None else policy, Path(None, "policy"), faults)
        if faults:
            raise InvalidInput(faults)
        return cls(found, rules)

    @cached_property
    def _listing(self) -> Index:
        return Index(self._automatic, listing=True)

    def price(self, facts: object, *, explain: bool = False) -> Quote:
        """The quote for the facts of one cart, a JSON-decoded document.

        With `explain` it says of every promotion that did not apply why. Raises `InvalidInput` with every fault,
        under `/facts`.
        """
        return self.price_parsed(parse_facts(facts), explain=explain)

    def nudges(self, facts: object, *, most: int = 3) -> list[Nudge]:
        """What a little more in the cart would bring, the cheapest first; raises `InvalidInput` as `price` does."""
        return self.nudges_parsed(parse_facts(facts), most=most)

    def nudges_parsed(self, facts: Facts, *, most: int = 3) -> list[Nudge]:
        """The nudges for facts that have been parsed already."""
        cart = Cart(facts)
        skipped: dict[str, Skipped] = {}
        live = self._live(cart, self.promotions, None)
        winner, _ = self._settle(cart, self.policy, live, skipped, explain=True)
        gaps = {entry.promotion: entry.gap for entry in skipped.values() if entry.gap is not None}
        for won in winner.applied:
            gap = won.next_gap(cart, self.policy)
            if gap is not None:
                gaps[won.promotion.id] = gap
        names = {promotion.id: promotion.name for promotion in self.promotions}
        quote = _quote(cart, winner, exact=True, skipped=None)
        return find_nudges(facts, quote, gaps=gaps, names=names, price=self.price_parsed, most=most)

    def price_parsed(self, facts: Facts, *, explain: bool = False) -> Quote:
        """The quote for facts that have been parsed already."""
        cart = Cart(facts)
        skipped: dict[str, Skipped] = {}
        considered = self.promotions if explain else [self.promotions[i] for i in self._index.candidates(cart)]
        live = self._live(cart, considered, skipped if explain else None)
        winner, exact = self._settle(cart, self.policy, live, skipped, explain=explain)
        return _quote(cart, winner, exact=exact, skipped=skipped if explain else None)

    def badges(self, line: object, *, now: datetime, channel: str, currency: str, usage: object = None) -> list[Badge]:
        """The live promotions that concern one unit of a variant by itself, for a listing; by rank.

        `line` is a line of the facts (its quantity is left aside), `now` has its offset. Nobody is signed in and no
        coupon is given: coupon promotions and those that no cart on this channel could meet are left out, and so are
        price promotions that another one beats. Give `usage`, as in the facts, to leave out what is used up. Raises
        `InvalidInput` (paths under `/line` and `/usage`).
        """
        faults: list[Fault] = []
        alone = parse_line(line, Path(None, "line"), faults)._replace(quantity=1)
        used = {} if usage is None else parse_usage(usage, Path(None, "usage"), faults)
        if faults:
            raise InvalidInput(faults)
        facts = Facts(currency, now, channel, None, None, None, (alone,), frozenset(), 0, used)
        cart = Cart(facts)
        candidates = [self._automatic[place] for place in self._listing.candidates(cart)]
        live = [promotion for promotion in self._live(cart, candidates, None) if promotion.reaches(cart)]
        if not live:
            return []
        skipped: dict[str, Skipped] = {}
        in_price = [promotion for promotion in live if promotion.lane == "price"]
        settled: frozenset[str] = frozenset()
        unit_price: int | None = None
        if in_price:
            winner, _ = self._settle(cart, self.policy, in_price, skipped, explain=True)
            settled = frozenset(applied.promotion.id for applied in winner.applied)
            unit_price = winner.state.lines[0].total()
        stage = Stage(cart, cart.start())
        return [
            Badge(promotion.id, promotion.name, promotion.lane, unit_price if promotion.id in settled else None)
            for promotion in live
            if promotion.id in settled
            or (
                (promotion.id not in skipped or skipped[promotion.id].reason == "NOT_MET")
                and (promotion.when is None or promotion.when.could_hold(stage))
            )
        ]

    def _live(self, cart: Cart, promotions: Iterable[Promotion], skipped: dict[str, Skipped] | None) -> list[Promotion]:
        """Those that time, coupons, limits and the policy's lanes admit; the reasons of the others."""
        facts = cart.facts
        clock = Clock.at(facts.now)
        live = []
        for promotion in promotions:
            if promotion.schedule is not ALWAYS and not promotion.schedule.is_open(clock):
                reason = "SCHEDULE"
            elif promotion.codes is not None and promotion.code(facts) is None:
                reason = "NO_COUPON"
            elif promotion.limits is not UNLIMITED and promotion.used_up(facts):
                reason = "LIMIT"
            elif promotion.lane not in self._lanes:
                reason = "EXCLUDED"
            else:
                live.append(promotion)
                continue
            if skipped is not None:
                skipped[promotion.id] = Skipped(promotion.id, reason)
        return live

    def _settle(
        self, cart: Cart, policy: Policy, live: list[Promotion], skipped: dict[str, Skipped], *, explain: bool
    ) -> tuple[Pass, bool]:
        """The winning pass: all ordinary promotions together, or one exclusive promotion alone."""
        together = Pass(cart, policy, [one for one in live if not one.exclusive], explain=explain)
        exclusives = [one for one in live if one.exclusive]
        if not exclusives:
            skipped.update(together.skipped)
            return together, together.exact
        alone = [Pass(cart, policy, [one], explain=explain) for one in exclusives]
        effective = [each for each in alone if each.applied]
        if policy.exclusive == "priority" and effective:
            winner = min(effective, key=lambda each: each.applied[0].promotion.rank)
            exact = True
        else:
            winner = min([together, *effective], key=_standing)
            exact = together.exact
        for each in (together, *alone):
            skipped.update(each.skipped)
            if each is not winner:
                for lost in each.applied:
                    skipped[lost.promotion.id] = Skipped(lost.promotion.id, "OUTBID")
        return winner, exact


def _standing(each: Pass) -> tuple[object, ...]:
    """Passes compare by this, the least first."""
    applied = [winner.promotion for winner in each.applied]
    return (
        -each.discount,
        not applied,
        len(applied),
        -sum(promotion.priority for promotion in applied),
        sorted(promotion.id for promotion in applied),
    )


def _quote(cart: Cart, winner: Pass, *, exact: bool, skipped: dict[str, Skipped] | None) -> Quote:
    adjustments: list[list[Adjustment]] = [[] for _ in cart.lines]
    adjustments.append([])  # of shipping
    gifts: list[dict[str, Any]] = []
    effects: list[dict[str, Any]] = []
    for won in winner.applied:
        for place, after in won.attempt.changes.items():
            off = won.before.lines[place].total() - after.total()
            if off:
                adjustments[place].append(Adjustment(won.promotion.id, off))
        for extra in won.attempt.extras:
            (gifts if extra.is_gift else effects).append({"promotion": won.promotion.id, **extra.document})
    lines = []
    for place, line in enumerate(cart.lines):
        state = winner.state.lines[place]
        runs = merged(state.free, state.used) if state.used else state.free
        units = tuple([QuoteUnits(count, amount) for amount, count in runs])
        final = sum([count * amount for count, amount in units])
        initial = cart.initial[place]
        lines.append(QuoteLine(line.id, line.quantity, initial, final, units, tuple(adjustments[place])))
    subtotal = sum(cart.initial)
    shipping = winner.state.lines[cart.fee].total()
    return Quote(
        currency=cart.facts.currency,
        subtotal=subtotal,
        discount=winner.discount,
        shipping=shipping,
        total=subtotal + cart.facts.shipping - winner.discount,
        lines=tuple(lines),
        applied=tuple([_applied(won, cart.facts) for won in winner.applied]),
        skipped=None if skipped is None else tuple(skipped[key] for key in sorted(skipped)),
        exact=exact,
        shipping_adjustments=tuple(adjustments[cart.fee]),
        gifts=tuple(gifts),
        effects=tuple(effects),
    )


def _applied(won: Winner, facts: Facts) -> Applied:
    result = won.attempt
    return Applied(won.promotion.id, result.discount, result.times, result.cut, won.promotion.code(facts))


def parse_promotions(documents: object, faults: list[Fault], *, strict: bool = False) -> list[Promotion]:
    """The promotions of a list of documents; faults under `/promotions`."""
    root = Path(None, "promotions")
    if not isinstance(documents, list | tuple):
        faults.append(Fault(str(root), "TYPE", "must be a list of promotions"))
        return []
    scopes = Scopes()
    found: list[Promotion] = []
    ids: set[str] = set()
    for place, document in enumerate(documents):
        promotion = parse_promotion(document, Path(root, place), faults, scopes)
        promotion_id: Any = document.get("id") if isinstance(document, dict) else None
        if isinstance(promotion_id, str) and promotion_id:
            if promotion_id in ids:
                faults.append(Fault(str(Path(Path(root, place), "id")), "DUPLICATE", "another promotion has this id"))
            ids.add(promotion_id)
        if promotion is not None:
            found.append(promotion)
            if strict:
                faults += find_impossible(promotion, document, Path(root, place))
    return found


def validate_promotion(document: object) -> list[Fault]:
    """Every fault of one promotion document, with paths inside it; an empty list means that it can go live.

    Parts that can never have an effect are faults here, though a rule set would price with them.
    """
    faults: list[Fault] = []
    promotion = parse_promotion(document, None, faults, Scopes())
    if promotion is not None and isinstance(document, dict):
        faults += find_impossible(promotion, document, None)
    return faults
