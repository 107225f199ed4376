"""From a cart to the engine's facts, and from its quote back to what customers read.

A coupon batch is one promotion whose only code is the batch's id. Members present the codes of their own coupons, so
codes are translated to batch ids on the way in and back on the way out.

A quote stands for `QUOTE_LIFETIME`: until then the cart is priced by the rules and at the time of the quote, with
everything else as it is now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from catalog.types import VariantRow
from coupons.selectors import get_redeemed_coupons, get_usable_coupons
from coupons.types import CouponCheck
from django.conf import settings
from django.utils.translation import gettext as _
from kernel.ids import normalize_code
from members.selectors import get_member_facts
from members.types import TokenRow
from promotions.engine import Quote
from promotions.selectors import get_live_rules, get_rules_of_version
from promotions.types import GivenDiscount, LiveRules
from stock.selectors import get_levels
from stock.types import Level

from checkout.errors import LinesInvalid
from checkout.types import Applied, CartLineRow, CartRow, CouponUse, Gap, PricedLine, ShopSettings, Skipped

LOCATION = "main"
MAX_SUBTOTAL_MINOR = 2**53 - 1  # what every reader of JSON can say


@dataclass(frozen=True)
class PricedCart:
    """A cart with its quote. What is not always wanted (why promotions were skipped, stock) is worked out when read."""

    cart: CartRow
    lines: tuple[PricedLine, ...]
    quote: Quote
    facts: Mapping[str, Any]
    rules: LiveRules
    check: CouponCheck
    token: TokenRow | None
    quoted_at: datetime

    @property
    def valid_until(self) -> datetime:
        """When the quote ends; from then on the cart is priced afresh."""
        return _end(self.quoted_at)

    @property
    def given(self) -> list[GivenDiscount]:
        """What the order takes from each promotion's limits."""
        return [
            GivenDiscount(
                promotion_id=UUID(entry.promotion),
                discount_minor=entry.amount,
                limits=self.rules.limits_of(entry.promotion),
            )
            for entry in self.quote.applied
        ]

    @property
    def id(self) -> UUID:
        """The cart's key."""
        return self.cart.id

    @property
    def subtotal_minor(self) -> int:
        """Before any discount."""
        return self.quote.subtotal

    @property
    def discount_minor(self) -> int:
        """All discounts together, shipping's included."""
        return self.quote.discount

    @property
    def total_minor(self) -> int:
        """What is to be paid."""
        return self.quote.total

    @property
    def applied(self) -> list[Applied]:
        """The promotions that gave something, in the order of application."""
        codes = self._codes_by_batch
        return [
            Applied(
                promotion_id=UUID(entry.promotion),
                name=self.rules.names[entry.promotion],
                amount_minor=entry.amount,
                times=entry.times,
                code=codes[entry.code] if entry.code else None,
            )
            for entry in self.quote.applied
        ]

    @cached_property
    def skipped(self) -> list[Skipped]:
        """The live promotions that gave nothing, and why; none of an order's cart. Costs by their number.

        One that a code opens is there only where the code was presented: nobody reads what others hold coupons of.
        An unverified token learns nothing of its member's history: what is missing from it is left out.
        """
        if self.cart.closed_at:
            return []
        explained = self.rules.ruleset.price(self.facts, explain=True).skipped or ()
        hides_member = self.token is None or not self.token.is_verified
        presented = set(self.facts["coupons"])
        return [
            Skipped(
                promotion_id=UUID(entry.promotion),
                name=self.rules.names[entry.promotion],
                reason=entry.reason,
                gap=None
                if entry.gap is None or (hides_member and entry.gap.fact.startswith("member."))
                else Gap(entry.gap.fact, entry.gap.missing),
            )
            for entry in explained
            if not (codes := self.rules.codes[entry.promotion]) or presented.intersection(codes)
        ]

    @property
    def coupons(self) -> list[CouponUse]:
        """What became of each code that the customer presented, in that order; an unknown one stands there as typed."""
        batches = {coupon.code: str(coupon.batch_id) for coupon in self.check.usable}
        used = {entry.code for entry in self.applied if entry.code}
        reasons = self._reasons_by_batch if batches.keys() - used else {}
        uses = []
        for typed in self.cart.coupon_codes:
            code = normalize_code(typed)
            if code in used:
                uses.append(CouponUse(code, applied=True, reason=None))
            elif code in batches:
                uses.append(CouponUse(code, applied=False, reason=reasons[batches[code]]))
            else:
                reason = self.check.refused.get(typed)
                uses.append(CouponUse(typed if reason in (None, "NO_COUPON") else code, applied=False, reason=reason))
        return uses

    @property
    def redeemed_coupon_ids(self) -> list[UUID]:
        """The coupons that the quote uses up."""
        used = {entry.code for entry in self.applied if entry.code}
        return [coupon.id for coupon in self.check.usable if coupon.code in used]

    @cached_property
    def levels(self) -> Mapping[UUID, Level]:
        """Stock of the cart's variants. One statement, when first read."""
        return get_levels(variant_ids=[line.variant.id for line in self.lines])

    @property
    def _codes_by_batch(self) -> dict[str, str]:
        codes: dict[str, str] = {}
        for coupon in self.check.usable:
            codes.setdefault(str(coupon.batch_id), coupon.code)
        return codes

    @property
    def _reasons_by_batch(self) -> dict[str, str]:
        """Why a usable coupon of a batch is not applied."""
        # A promotion that is not live any more; the second coupon of a batch is beaten by the first.
        reasons = {str(coupon.batch_id): "SCHEDULE" for coupon in self.check.usable}
        reasons |= {entry.code: "OUTBID" for entry in self.quote.applied if entry.code}
        for entry in self.skipped:
            reasons |= dict.fromkeys(self.rules.codes[str(entry.promotion_id)], entry.reason)
        return reasons


def price_cart(
    *,
    cart: CartRow,
    lines: Sequence[CartLineRow],
    variants: Mapping[UUID, VariantRow],
    token: TokenRow | None,
    shop: ShopSettings,
    now: datetime,
    lock_member: bool = False,
) -> PricedCart:
    """Price a cart by the live promotions. At most four statements: rules, member, coupons, and costs where some
    promotion keeps a margin; another one where this process has not seen the rules yet.

    With `lock_member` the member's row is held until the transaction ends, so that what depends on it is still so then.

    Raises `LinesInvalid` for a cart that is worth more than can be told.
    """
    rules = get_live_rules(today=local_date(now, shop), member_id=cart.member_id)
    return _price(cart, lines, variants, token, shop, rules=rules, quoted_at=now, now=now, lock_member=lock_member)


def price_as_shown(
    *,
    cart: CartRow,
    lines: Sequence[CartLineRow],
    variants: Mapping[UUID, VariantRow],
    token: TokenRow | None,
    shop: ShopSettings,
    now: datetime,
    lock_member: bool = False,
) -> PricedCart:
    """Price a cart by the rules and at the time of the quote last shown if that still stands, else as `price_cart`.

    The total is another one than was shown where prices, coupons, the member, or what limits leave have changed.
    """
    if cart.shown_at is None or cart.shown_version is None or now >= _end(cart.shown_at):
        return price_cart(
            cart=cart, lines=lines, variants=variants, token=token, shop=shop, now=now, lock_member=lock_member
        )
    rules = get_rules_of_version(version=cart.shown_version, today=local_date(now, shop), member_id=cart.member_id)
    return _price(
        cart, lines, variants, token, shop, rules=rules, quoted_at=cart.shown_at, now=now, lock_member=lock_member
    )


def price_as_ordered(
    *,
    cart: CartRow,
    lines: Sequence[CartLineRow],
    variants: Mapping[UUID, VariantRow],
    token: TokenRow | None,
    number: int,
    quote: Quote,
    version: int,
    quoted_at: datetime,
) -> PricedCart:
    """Show a cart that has become the order `number` at the order's own prices, whatever has changed since."""
    ordered = {line.id: line for line in quote.lines}
    redeemed = get_redeemed_coupons(codes=cart.coupon_codes, reference=str(number)) if cart.coupon_codes else []
    return PricedCart(
        cart=cart,
        lines=tuple(
            PricedLine(
                id=line.id,
                variant=variants[line.variant_id],
                quantity=line.quantity,
                unit_price_minor=ordered[str(line.id)].initial // line.quantity,
                subtotal_minor=ordered[str(line.id)].initial,
                total_minor=ordered[str(line.id)].final,
            )
            for line in lines
        ),
        quote=quote,
        facts={},
        rules=get_rules_of_version(version=version),
        check=CouponCheck(usable=redeemed, refused={}),
        token=token,
        quoted_at=quoted_at,
    )


def local_date(now: datetime, shop: ShopSettings) -> date:
    """The day on the shop's wall."""
    return now.astimezone(ZoneInfo(shop.time_zone)).date()


def _end(quoted_at: datetime) -> datetime:
    lifetime: timedelta = settings.QUOTE_LIFETIME
    return quoted_at + lifetime


def _price(
    cart: CartRow,
    lines: Sequence[CartLineRow],
    variants: Mapping[UUID, VariantRow],
    token: TokenRow | None,
    shop: ShopSettings,
    *,
    rules: LiveRules,
    quoted_at: datetime,
    now: datetime,
    lock_member: bool,
) -> PricedCart:
    if sum(variants[line.variant_id].price_minor * line.quantity for line in lines) > MAX_SUBTOTAL_MINOR:
        raise LinesInvalid(_("The cart is worth more than can be sold at once. Take less."), field=["lines"])
    check = _check_coupons(cart, token, now)
    levels = get_levels(variant_ids=[line.variant_id for line in lines]) if rules.needs_costs and lines else {}
    facts = {
        "currency": shop.currency,
        "now": quoted_at.astimezone(ZoneInfo(shop.time_zone)).isoformat(),
        "channel": cart.channel,
        "location": LOCATION,
        "member": _get_member(cart.member_id, token, shop, lock=lock_member),
        "lines": [_line_facts(line, variants[line.variant_id], levels.get(line.variant_id)) for line in lines],
        "coupons": sorted({str(coupon.batch_id) for coupon in check.usable}),
        "usage": rules.usage,
    }
    quote = rules.ruleset.price(facts)
    finals = {line.id: line.final for line in quote.lines}
    return PricedCart(
        cart=cart,
        lines=tuple(_priced(line, variants[line.variant_id], finals[str(line.id)]) for line in lines),
        quote=quote,
        facts=facts,
        rules=rules,
        check=check,
        token=token,
        quoted_at=quoted_at,
    )


def _priced(line: CartLineRow, variant: VariantRow, total_minor: int) -> PricedLine:
    return PricedLine(
        id=line.id,
        variant=variant,
        quantity=line.quantity,
        unit_price_minor=variant.price_minor,
        subtotal_minor=variant.price_minor * line.quantity,
        total_minor=total_minor,
    )


def _line_facts(line: CartLineRow, variant: VariantRow, level: Level | None) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "sku": variant.sku,
        "product": variant.product_slug,
        "categories": list(variant.categories),
        "brand": variant.brand or None,
        "tags": list(variant.tags),
        "quantity": line.quantity,
        "unit_price": variant.price_minor,
        "unit_cost": level.unit_cost_minor if level else None,
    }


def _check_coupons(cart: CartRow, token: TokenRow | None, now: datetime) -> CouponCheck:
    """Which codes the caller may use; without a member, none."""
    if not cart.coupon_codes:
        return CouponCheck(usable=[], refused={})
    if cart.member_id is None or token is None:
        return CouponCheck(usable=[], refused=dict.fromkeys(cart.coupon_codes, "NO_COUPON"))
    return get_usable_coupons(
        codes=cart.coupon_codes,
        member_id=cart.member_id,
        token_id=token.id,
        token_is_verified=token.is_verified,
        now=now,
    )


def _get_member(
    member_id: UUID | None, token: TokenRow | None, shop: ShopSettings, *, lock: bool
) -> dict[str, Any] | None:
    """The member's facts. An unverified token has not shown whose it is: it gets no price of someone's standing.

    The number of orders stays, or a returning customer would be a new one again at every cart.
    """
    if member_id is None:
        return None
    facts = get_member_facts(member_id=member_id, time_zone=shop.time_zone, lock=lock)
    if facts and (token is None or not token.is_verified):
        facts |= {"tier": None, "tags": [], "segments": [], "birthday": None, "spent": 0}
    return facts
