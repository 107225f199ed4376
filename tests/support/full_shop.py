"""A shop with something on every page, for looking at it."""

from datetime import timedelta
from uuid import UUID

from catalog.selectors import get_product
from catalog.services import create_product, ensure_category
from catalog.types import ProductInput, VariantInput
from checkout.services import complete_checkout, create_cart, mark_order_paid, set_coupons
from checkout.types import LineInput
from coupons.services import create_batch, set_batch_status
from coupons.types import BatchInput
from django.utils import timezone
from joining.services import create_join_link, join_member
from members.selectors import get_token
from staff.services import create_api_key, revoke_api_key
from stock.services import adjust_stock, open_balance

from tenants.models import Shop
from tenants.transaction import current_shop, tenant_transaction

PRODUCTS = [
    "红富士苹果",
    "Organic whole milk",
    "手工拉面",
    "Sourdough bread",
    "柠檬茶",
    "很长很长的商品名称用来看看换行的样子好不好看",
]


def fill_shop(shop: Shop) -> dict[str, str]:
    """Fill the shop and return the addresses of what was made."""
    with tenant_transaction(shop):
        products = _fill_products()
        batch, link = _fill_coupons()
        order = _fill_orders()
        _fill_keys()
    return {
        "product": f"/console/products/{products[0]}/",
        "coupon": f"/console/coupons/{batch}/",
        "join_link": f"/console/join-links/{link}/",
        "order": f"/console/orders/{order}/",
    }


def _fill_products() -> list[UUID]:
    now = timezone.now()
    ensure_category(names=["食品", "生鲜"])
    products = []
    for number, name in enumerate(PRODUCTS):
        variants = [VariantInput(sku=f"SKU-{number}", price_minor=1280 + number, barcode=f"690000000{number}")]
        if number == 1:
            variants.append(VariantInput(sku="SKU-1L", name="1 L", price_minor=2280, compare_at_minor=2580))
        data = ProductInput(name=name, variants=variants, category_path="食品/生鲜", brand="North")
        products.append(create_product(data=data, now=now))
        product = get_product(product_id=products[-1])
        assert product is not None
        for variant in product.variants:
            open_balance(variant_id=variant.id, quantity=number * 20, unit_cost_minor=800, now=now)
            adjust_stock(variant_id=variant.id, quantity=5, reason="盘点", actor="staff:1", now=now)
    return products


def _fill_coupons() -> tuple[UUID, UUID]:
    now = timezone.now()
    batch = create_batch(
        data=BatchInput(
            name="新人券", kind="amount", amount_minor=800, minimum_spend_minor=4000, total=500, valid_days=30
        ),
        now=now,
    )
    paused = create_batch(
        data=BatchInput(
            name="周末折扣", kind="percent", percent_bp=1500, total=50, valid_until=now + timedelta(days=9)
        ),
        now=now,
    )
    set_batch_status(batch_id=paused, active=False)
    link = create_join_link(
        name="收银台海报", code="till", batch_id=batch, channel="门店", opens_at=None, closes_at=None, now=now
    )
    create_join_link(name="Flyer", code=None, batch_id=None, channel="", opens_at=None, closes_at=None, now=now)
    for number in range(3):
        join_member(
            code="till",
            phone=f"1381234800{number}",
            region="CN",
            token_secret=None,
            consent_version="1",
            now=now,
        )
    return batch, link


def _fill_orders() -> UUID:
    now, shop = timezone.now(), current_shop()
    joined = join_member(code="till", phone="13900001111", region="CN", token_secret=None, consent_version="1", now=now)
    token = get_token(secret=joined.token_secret, now=now)
    assert joined.coupon is not None
    orders = []
    for codes in ([joined.coupon.code], []):
        lines = [LineInput("SKU-2", 3), LineInput("SKU-4", 1)]
        cart = create_cart(lines=lines, channel="online", token=token, shop=shop, now=now)
        set_coupons(cart_id=cart.id, codes=codes, token=token, shop=shop, now=now)
        order = complete_checkout(cart_id=cart.id, token=token, payment_method="offline", shop=shop, now=now)
        orders.append(order.id)
    mark_order_paid(order_id=orders[1], actor="staff:1", now=now)
    return orders[0]


def _fill_keys() -> None:
    now = timezone.now()
    create_api_key(name="Web shop", kind="public", origins=["https://shop.example.com"], now=now)
    revoked = create_api_key(name="Old ERP", kind="secret", origins=[], now=now)
    revoke_api_key(key_id=revoked.id, now=now)
