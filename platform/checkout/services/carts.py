"""Carts: opening, filling, showing.

A cart's id is its capability until the first request with a member's token binds it; from then on it opens only for
that member: for verified tokens, and for the unverified one that bound it. Any other caller finds no such cart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.selectors import get_variants, get_variants_by_sku
from catalog.types import VariantRow
from django.db import connection
from django.utils.translation import gettext as _
from kernel.ids import new_id, normalize_code
from members.types import TokenRow
from promotions.engine import Quote

from checkout.errors import CartClosed, CartNotFound, LinesInvalid, TooManyCoupons, TooManyLines, VariantUnknown
from checkout.models import Cart, CartLine, Order
from checkout.pricing import PricedCart, price_as_ordered, price_as_shown, price_cart
from checkout.types import CartLineRow, CartRow, LineInput, ShopSettings

MAX_LINES = 200
MAX_QUANTITY = 100_000
MAX_COUPONS = 10
CODE_LENGTH = 64

_READ = """
    SELECT id, member_id, token_id, channel, coupon_codes, shown_total_minor, shown_at, shown_version, closed_at
      FROM checkout_cart WHERE id = %s
"""
_READ_LINES = "SELECT id, variant_id, quantity FROM checkout_cartline WHERE cart_id = %s ORDER BY id"
_READ_AND_LOCK = f"{_READ} FOR NO KEY UPDATE"


def create_cart(
    *, lines: Sequence[LineInput], channel: str, token: TokenRow | None, shop: ShopSettings, now: datetime
) -> PricedCart:
    """Make a cart, bound to the token's member if there is a token, and price it.

    Raises `LinesInvalid`, `VariantUnknown`, `TooManyLines`; their `field` is the path below `lines`.
    """
    _check_lines(lines, least=1)
    variants = _get_variants_on_sale(lines)
    cart = CartRow(
        id=new_id(),
        member_id=token.member_id if token else None,
        token_id=token.id if token else None,
        channel=channel,
        coupon_codes=[],
        shown_total_minor=None,
        shown_at=None,
        shown_version=None,
        closed_at=None,
    )
    rows = [CartLineRow(new_id(), variants[line.sku].id, line.quantity) for line in lines]
    priced = price_cart(cart=cart, lines=rows, variants=_by_id(variants.values()), token=token, shop=shop, now=now)
    Cart.objects.bulk_create(
        [
            Cart(
                id=cart.id,
                member_id=cart.member_id,
                token_id=cart.token_id,
                channel=channel,
                shown_total_minor=priced.total_minor,
                shown_at=now,
                shown_version=priced.rules.version,
                created_at=now,
                updated_at=now,
            )
        ]
    )
    CartLine.objects.bulk_create(_to_models(cart.id, rows))
    return _as_shown(priced)


def set_lines(
    *, cart_id: UUID, lines: Sequence[LineInput], token: TokenRow | None, shop: ShopSettings, now: datetime
) -> PricedCart:
    """Set how many of each named SKU the cart holds (0 takes it out; SKUs not named stay) and price it.

    Raises `CartNotFound`, `CartClosed`, and what `create_cart` raises.
    """
    _check_lines(lines, least=0)
    cart = lock_cart(cart_id=cart_id, token=token, now=now)
    variants = _get_variants_on_sale(lines)
    held = {row.variant_id: row for row in get_lines(cart_id=cart.id)}
    changed: list[CartLineRow] = []
    removed: list[UUID] = []
    for line in lines:
        variant_id = variants[line.sku].id
        before = held.pop(variant_id, None)
        if line.quantity:
            changed.append(CartLineRow(before.id if before else new_id(), variant_id, line.quantity))
        elif before:
            removed.append(before.id)
    if len(held) + len(changed) > MAX_LINES:
        raise _too_many_lines()
    if removed:
        CartLine.objects.filter(pk__in=removed).delete()
    if changed:
        CartLine.objects.bulk_create(
            _to_models(cart.id, changed),
            update_conflicts=True,
            unique_fields=["cart", "variant"],
            update_fields=["quantity"],
        )
    return _show(
        cart,
        lines=sorted([*held.values(), *changed], key=lambda row: row.id),
        variants=_by_id(variants.values()) | (get_variants(ids=list(held)) if held else {}),
        token=token,
        shop=shop,
        now=now,
    )


def set_coupons(
    *, cart_id: UUID, codes: Sequence[str], token: TokenRow | None, shop: ShopSettings, now: datetime
) -> PricedCart:
    """Present these codes instead of those before, and price the cart. A code that cannot be used is no error: the
    priced cart says why it is not applied.

    Raises `CartNotFound`, `CartClosed`, `TooManyCoupons`, `LinesInvalid` for a code that is empty or too long.
    """
    # As typed, so that whoever typed an unknown one finds it in the answer; one code in two spellings is one.
    typed_by_code: dict[str, str] = {}
    for place, typed in enumerate(codes):
        code = normalize_code(typed)
        typed_by_code.setdefault(code, typed.strip())
        if not code or len(typed.strip()) > CODE_LENGTH:
            raise LinesInvalid(
                _("A code has 1 to %(length)d characters.") % {"length": CODE_LENGTH}, field=["codes", str(place)]
            )
    wanted = list(typed_by_code.values())
    if len(wanted) > MAX_COUPONS:
        raise TooManyCoupons(_("Present at most %(count)d codes at once.") % {"count": MAX_COUPONS}, field=["codes"])
    cart = lock_cart(cart_id=cart_id, token=token, now=now)
    lines = get_lines(cart_id=cart.id)
    return _show(
        replace(cart, coupon_codes=wanted),
        lines=lines,
        variants=get_variants(ids=[line.variant_id for line in lines]),
        token=token,
        shop=shop,
        now=now,
        codes_changed=wanted != cart.coupon_codes,
    )


def quote_cart(
    *, cart_id: UUID, token: TokenRow | None, shop: ShopSettings, now: datetime, is_shown: bool = True
) -> PricedCart:
    """Show a cart's quote while it stands and is still right; else price the cart afresh and remember that.

    Whoever cannot tell yet whether the customer will see the total says `is_shown=False`, and `remember_shown` when it
    is seen. A cart that has become an order keeps the order's prices. Raises `CartNotFound`.
    """
    cart = _open_cart(cart_id=cart_id, token=token, now=now, lock=False)
    lines = get_lines(cart_id=cart.id)
    variants = get_variants(ids=[line.variant_id for line in lines])
    if cart.closed_at:
        order = Order.objects.get(cart=cart.id)
        if order.quote and order.rules_version is not None:
            return price_as_ordered(
                cart=cart,
                lines=lines,
                variants=variants,
                token=token,
                number=order.number,
                quote=Quote.from_json(order.quote),
                version=order.rules_version,
                quoted_at=order.placed_at,
            )
    shown = price_as_shown(cart=cart, lines=lines, variants=variants, token=token, shop=shop, now=now)
    if shown.quoted_at == cart.shown_at:
        if shown.total_minor == cart.shown_total_minor:
            return shown
        shown = price_cart(cart=cart, lines=lines, variants=variants, token=token, shop=shop, now=now)
    return remember_shown(priced=shown, now=now) if is_shown else shown


def remember_shown(*, priced: PricedCart, now: datetime) -> PricedCart:
    """Write down, where that is new, that the customer sees this total: checkout charges what was seen."""
    cart = priced.cart
    shown = (cart.shown_total_minor, cart.shown_at, cart.shown_version)
    if cart.closed_at or shown == (priced.total_minor, priced.quoted_at, priced.rules.version):
        return priced
    return _remember(priced, now=now)


def lock_cart(*, cart_id: UUID, token: TokenRow | None, now: datetime) -> CartRow:
    """Hold the cart until the transaction ends, so that only one request changes it or makes an order of it.

    Raises `CartNotFound`, `CartClosed`.
    """
    cart = _open_cart(cart_id=cart_id, token=token, now=now, lock=True)
    if cart.closed_at:
        raise CartClosed(_("This cart has become an order. Make a new one."), field=["cartId"])
    return cart


def get_lines(*, cart_id: UUID) -> list[CartLineRow]:
    """The lines of a cart, the oldest first. After `lock_cart`, never with it: a lock does not refresh a join."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, variant_id, quantity FROM checkout_cartline WHERE cart_id = %s ORDER BY id", [cart_id]
        )
        return [CartLineRow(*row) for row in cursor.fetchall()]


def _open_cart(*, cart_id: UUID, token: TokenRow | None, now: datetime, lock: bool) -> CartRow:
    cart = _read_cart(cart_id, lock=lock)
    if cart and cart.member_id is None and token and not cart.closed_at:
        # Compare and set: of two members who come at once, the first one has it.
        Cart.objects.filter(pk=cart_id, member=None).update(member=token.member_id, token=token.id, updated_at=now)
        cart = _read_cart(cart_id, lock=False)
    if cart is None or not _may_open(cart, token):
        raise CartNotFound(_("There is no such cart."), field=["cartId"])
    return cart


def _read_cart(cart_id: UUID, *, lock: bool) -> CartRow | None:
    with connection.cursor() as cursor:
        cursor.execute(_READ_AND_LOCK if lock else _READ, [cart_id])
        row = cursor.fetchone()
    return CartRow(*row) if row else None


def _may_open(cart: CartRow, token: TokenRow | None) -> bool:
    if cart.member_id is None:
        return True
    if token is None or token.member_id != cart.member_id:
        return False
    return token.is_verified or token.id == cart.token_id


def _show(
    cart: CartRow,
    *,
    lines: Sequence[CartLineRow],
    variants: dict[UUID, VariantRow],
    token: TokenRow | None,
    shop: ShopSettings,
    now: datetime,
    codes_changed: bool = False,
) -> PricedCart:
    """Price the cart by what is live and write down what is shown."""
    priced = price_cart(cart=cart, lines=lines, variants=variants, token=token, shop=shop, now=now)
    return _remember(priced, now=now, **({"coupon_codes": cart.coupon_codes} if codes_changed else {}))


def _remember(priced: PricedCart, *, now: datetime, **others: Any) -> PricedCart:
    Cart.objects.filter(pk=priced.id, closed_at=None).update(
        **others,
        shown_total_minor=priced.total_minor,
        shown_at=now,
        shown_version=priced.rules.version,
        updated_at=now,
    )
    return _as_shown(priced)


def _as_shown(priced: PricedCart) -> PricedCart:
    """The priced cart with what its row says now."""
    shown = replace(
        priced.cart,
        shown_total_minor=priced.total_minor,
        shown_at=priced.quoted_at,
        shown_version=priced.rules.version,
    )
    return replace(priced, cart=shown)


def _check_lines(lines: Sequence[LineInput], *, least: int) -> None:
    if len(lines) > MAX_LINES:
        raise _too_many_lines()
    seen: set[str] = set()
    for place, line in enumerate(lines):
        if not least <= line.quantity <= MAX_QUANTITY:
            raise LinesInvalid(
                _("The quantity must be between %(least)d and %(most)d.") % {"least": least, "most": MAX_QUANTITY},
                field=["lines", str(place), "quantity"],
            )
        if line.sku in seen:
            raise LinesInvalid(
                _("The SKU %(sku)s is named twice. Add the quantities.") % {"sku": line.sku},
                field=["lines", str(place), "sku"],
            )
        seen.add(line.sku)


def _get_variants_on_sale(lines: Sequence[LineInput]) -> dict[str, VariantRow]:
    """The variants by SKU. What is no longer sold can be taken out of a cart, not put in."""
    variants = get_variants_by_sku(skus=[line.sku for line in lines]) if lines else {}
    for place, line in enumerate(lines):
        variant = variants.get(line.sku)
        if variant is None or (line.quantity and not variant.is_active):
            raise VariantUnknown(
                _("Nothing on sale has the SKU %(sku)s.") % {"sku": line.sku}, field=["lines", str(place), "sku"]
            )
    return variants


def _by_id(variants: Iterable[VariantRow]) -> dict[UUID, VariantRow]:
    return {variant.id: variant for variant in variants}


def _to_models(cart_id: UUID, rows: Sequence[CartLineRow]) -> list[CartLine]:
    return [CartLine(id=row.id, cart_id=cart_id, variant_id=row.variant_id, quantity=row.quantity) for row in rows]


def _too_many_lines() -> TooManyLines:
    return TooManyLines(_("A cart holds at most %(count)d lines.") % {"count": MAX_LINES}, field=["lines"])
