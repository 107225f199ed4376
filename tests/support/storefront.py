"""A small shop to buy from, and a client of its API; to be called inside a tenant transaction."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.selectors import get_variants_by_sku
from catalog.services import create_product, ensure_category
from catalog.types import ProductInput, VariantInput
from promotions.services import create_promotion
from staff.services import create_api_key
from stock.services import open_balance

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import ShopClient


def make_product(
    now: datetime,
    name: str = "Green Tea",
    *,
    skus: Mapping[str, int] | None = None,
    quantity: int = 10,
    category: tuple[str, ...] = ("Drinks", "Tea"),
    unit_cost_minor: int | None = 500,
) -> None:
    """A product whose variants have these SKUs and prices (minor units), each with `quantity` in stock."""
    ensure_category(names=category)
    prices = skus or {"TEA": 2500}
    path = "/".join(part.lower() for part in category)
    variants = [VariantInput(sku=sku, price_minor=price) for sku, price in prices.items()]
    create_product(data=ProductInput(name=name, variants=variants, category_path=path), now=now)
    for variant in get_variants_by_sku(skus=list(prices)).values():
        if quantity:
            open_balance(variant_id=variant.id, quantity=quantity, unit_cost_minor=unit_cost_minor, now=now)


def make_promotion(now: datetime, **document: Any) -> str:
    """A live promotion; 10 % off everything in lane `order` unless said otherwise. Its id."""
    default = {"name": "Ten off", "lane": "order", "then": [{"type": "percent_off", "percent_bp": 1000}]}
    return str(create_promotion(document={**default, **document}, status="live", now=now))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors."""
        assert "errors" not in self.body, self.body
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def codes(self) -> list[str]:
        """The codes of its errors."""
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


class Storefront:
    """A storefront of a shop: `post` a document, `run` one that must succeed."""

    def __init__(self, shop: Shop, key: str, token: str | None = None) -> None:
        self.shop = shop
        self.key = key
        self.token = token
        self.client = ShopClient(shop)

    def as_member(self, token: str | None) -> "Storefront":
        """The same storefront with a member's token."""
        other = Storefront(self.shop, self.key, token)
        other.client = self.client
        return other

    def inside(self) -> AbstractContextManager[None]:
        """The shop's transaction, to arrange and to look: a request opens its own."""
        return tenant_transaction(self.shop)

    def post(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """Send a document."""
        sent = {"X-Storefront-Key": self.key, **headers}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        response = self.client.post(
            "/graphql/",
            {"query": query, "variables": dict(variables or {})},
            content_type="application/json",
            headers=sent,
        )
        return Answer(response.status_code, response.json(), response.headers)

    def run(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send a document that must run without errors; its data."""
        answer = self.post(query, variables)
        assert answer.status == 200, answer.body
        return answer.data

    def refuse(self, document: str, **input: Any) -> list[tuple[str, list[str] | None]]:
        """Send a mutation that must be refused; codes and fields of its errors."""
        payload = self.mutate(document, **input)
        errors = payload.pop("userErrors")
        assert set(payload.values()) == {None}, payload
        assert all(error["message"] for error in errors)
        return [(error["code"], error["field"]) for error in errors]

    def mutate(self, document: str, **input: Any) -> dict[str, Any]:
        """Send a mutation with an `input`; its payload."""
        (payload,) = self.run(document, input=input).values()
        return dict(payload)


def make_key(now: datetime, *, kind: str = "public", origins: tuple[str, ...] = ()) -> str:
    """A storefront key."""
    return create_api_key(name="Web", kind=kind, origins=origins, now=now).secret
