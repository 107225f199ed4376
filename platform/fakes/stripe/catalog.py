"""Products and prices."""

from typing import Any

from fakes.stripe.errors import StripeFault
from fakes.stripe.events import changing, record
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.routing import list_page, operation
from fakes.stripe.state import Object, State

PRODUCT_NULLS = "default_price description package_dimensions shippable statement_descriptor tax_code unit_label url"
PRICE_NULLS = "custom_unit_amount lookup_key nickname recurring tiers_mode transform_quantity"
PRODUCT = "active:bool description metadata.* name tax_code unit_label url statement_descriptor"


@operation("POST", "/v1/products", f"{PRODUCT} id".replace(" name", " name!"))
def create_product(state: State, parameters: dict[str, Any]) -> Object:
    if parameters.get("id") in state.objects:
        raise StripeFault("Product already exists.", code="resource_already_exists", param="id")
    fields = {"active": True, "metadata": {}, "images": [], "marketing_features": [], "type": "service", **parameters}
    product = state.add("product", "prod", PRODUCT_NULLS, updated=state.now, **fields)
    record(state, "product.created", product)
    return product


@operation("GET", "/v1/products/{id}")
def get_product(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("product", identifier)


@operation("POST", "/v1/products/{id}", PRODUCT)
def update_product(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    product = state.get("product", identifier)
    with changing(state, product, "product.updated"):
        merge(product, parameters)
        product["updated"] = state.now
    return product


@operation("GET", "/v1/products", f"{PAGING} {created_range()} active:bool ids[]")
def list_products(state: State, parameters: dict[str, Any]) -> Object:
    def keep(product: Object) -> bool:
        return product["active"] == parameters.get("active", product["active"]) and (
            "ids" not in parameters or product["id"] in parameters["ids"]
        )

    return list_page(state, "product", parameters, "/v1/products", keep)


@operation(
    "POST",
    "/v1/prices",
    "active:bool currency! lookup_key metadata.* nickname product product_data.name product_data.metadata.* "
    "recurring.interval:day|week|month|year recurring.interval_count:int tax_behavior:exclusive|inclusive|unspecified "
    "transfer_lookup_key:bool unit_amount:int",
)
def create_price(state: State, parameters: dict[str, Any]) -> Object:
    product = parameters.get("product")
    if product:
        state.get("product", product, param="product")
    elif "product_data" in parameters:
        product = create_product(state, parameters["product_data"])["id"]
    else:
        raise StripeFault("You must specify either `product` or `product_data`.", code="parameter_missing")
    if "unit_amount" not in parameters:
        raise StripeFault("Missing required param: unit_amount.", code="parameter_missing", param="unit_amount")
    recurring = parameters.get("recurring")
    if recurring:
        recurring = {
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        } | recurring
    _take_lookup_key(state, parameters)
    price = state.add(
        "price",
        "price",
        PRICE_NULLS,
        active=parameters.get("active", True),
        billing_scheme="per_unit",
        currency=parameters["currency"].lower(),
        lookup_key=parameters.get("lookup_key"),
        metadata=parameters.get("metadata", {}),
        nickname=parameters.get("nickname"),
        product=product,
        recurring=recurring,
        tax_behavior=parameters.get("tax_behavior", "unspecified"),
        type="recurring" if recurring else "one_time",
        unit_amount=parameters["unit_amount"],
        unit_amount_decimal=str(parameters["unit_amount"]),
    )
    record(state, "price.created", price)
    return price


@operation("GET", "/v1/prices/{id}")
def get_price(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("price", identifier)


@operation(
    "POST",
    "/v1/prices/{id}",
    "active:bool lookup_key metadata.* nickname tax_behavior:exclusive|inclusive|unspecified transfer_lookup_key:bool",
)
def update_price(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    price = state.get("price", identifier)
    _take_lookup_key(state, parameters, price)
    parameters.pop("transfer_lookup_key", None)
    with changing(state, price, "price.updated"):
        merge(price, parameters)
    return price


def _take_lookup_key(state: State, parameters: dict[str, Any], own: Object | None = None) -> None:
    """A lookup key belongs to one price; it is taken from another only when that is said."""
    key = parameters.get("lookup_key")
    holder = next((each for each in state.all("price") if key and each["lookup_key"] == key and each is not own), None)
    if holder is None:
        return
    if not parameters.get("transfer_lookup_key"):
        raise StripeFault(
            f"A price (`{holder['id']}`) already uses that lookup key.",
            code="resource_already_exists",
            param="lookup_key",
        )
    with changing(state, holder, "price.updated"):
        holder["lookup_key"] = None


@operation(
    "GET",
    "/v1/prices",
    f"{PAGING} {created_range()} active:bool currency lookup_keys[] product type:one_time|recurring",
)
def list_prices(state: State, parameters: dict[str, Any]) -> Object:
    def keep(price: Object) -> bool:
        return all(
            price[name] == parameters[name] for name in ("active", "currency", "product", "type") if name in parameters
        ) and ("lookup_keys" not in parameters or price["lookup_key"] in parameters["lookup_keys"])

    return list_page(state, "price", parameters, "/v1/prices", keep)


def plan_of(price: Object) -> Object:
    """The old form of a price, which items still show."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def merge(subject: Object, parameters: dict[str, Any]) -> None:
    """Put parameters into an object: metadata key by key (an empty value removes it), empty text is null."""
    for name, value in parameters.items():
        if name == "expand":
            continue
        if name == "metadata":
            metadata = {} if value == "" else {**(subject["metadata"] or {}), **value}
            subject["metadata"] = {key: text for key, text in metadata.items() if text != ""}
        else:
            subject[name] = None if value == "" else value
