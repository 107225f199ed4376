"""Customers, their tax ids and their payment methods."""

import re
from typing import Any

from fakes.stripe import standing
from fakes.stripe.cards import ADDRESS, make_card
from fakes.stripe.catalog import merge
from fakes.stripe.errors import StripeFault, declined
from fakes.stripe.events import changing, record
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.routing import list_page, operation
from fakes.stripe.state import Object, State

NULLS = "address currency default_source description email name phone shipping"
CUSTOMER = (
    "description email name phone metadata.* preferred_locales[] tax_exempt:none|exempt|reverse "
    "address.city address.country address.line1 address.line2 address.postal_code address.state "
    "invoice_settings.default_payment_method invoice_settings.footer balance:int"
)

# What Stripe refuses is another form than these; of other kinds it takes anything here.
TAX_IDS = {
    "au_abn": r"\d{11}",
    "ca_bn": r"\d{9}",
    "cn_tin": r"[0-9A-HJ-NPQRTUWXY]{18}",
    "eu_vat": r"[A-Z]{2}[0-9A-Z+*]{2,12}",
    "gb_vat": r"GB(\d{9}|\d{12}|(GD|HA)\d{3})",
    "hk_br": r"\d{8}",
    "jp_trn": r"T\d{13}",
    "kr_brn": r"\d{3}-\d{2}-\d{5}",
    "my_sst": r"[A-Z]\d{2}-\d{4}-\d{8}",
    "sg_gst": r"[0-9A-Z]{9,10}",
    "th_vat": r"\d{13}",
    "tw_vat": r"\d{8}",
    "us_ein": r"\d{2}-\d{7}",
}


def open_customer(state: State, **fields: Any) -> Object:
    """A new customer."""
    settings = {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None}
    settings |= fields.pop("invoice_settings", {})
    customer = state.add(
        "customer",
        "cus",
        NULLS,
        balance=fields.pop("balance", 0),
        delinquent=False,
        invoice_prefix=state.make_id("")[-8:].upper(),
        invoice_settings=settings,
        metadata=fields.pop("metadata", {}),
        next_invoice_sequence=1,
        preferred_locales=fields.pop("preferred_locales", []),
        tax_exempt=fields.pop("tax_exempt", "none"),
        test_clock=None,
        **fields,
    )
    record(state, "customer.created", customer)
    return customer


@operation("POST", "/v1/customers", f"{CUSTOMER} payment_method tax_id_data[].type tax_id_data[].value")
def create_customer(state: State, parameters: dict[str, Any]) -> Object:
    parameters.pop("expand", None)
    tax_ids = parameters.pop("tax_id_data", [])
    method = parameters.pop("payment_method", None)
    _complete_address(parameters)
    customer = open_customer(state, **parameters)
    for each in tax_ids:
        create_tax_id(state, each, customer["id"])
    if method:
        attach(state, method, customer)
    return customer


@operation("GET", "/v1/customers/{id}")
def get_customer(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    customer = state.get("customer", identifier)
    return {"id": identifier, "object": "customer", "deleted": True} if customer.get("deleted") else customer


@operation("DELETE", "/v1/customers/{id}")
def delete_customer(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    """Its subscriptions end with it."""
    customer = get_live_customer(state, identifier, param="id")
    for subscription in state.all("subscription"):
        if subscription["customer"] == identifier and subscription["status"] not in standing.ENDED:
            standing.end(state, subscription)
    customer["deleted"] = True
    record(state, "customer.deleted", customer)
    return {"id": identifier, "object": "customer", "deleted": True}


@operation("POST", "/v1/customers/{id}", CUSTOMER)
def update_customer(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    customer = get_live_customer(state, identifier, param="id")
    settings = parameters.pop("invoice_settings", {})
    _complete_address(parameters)
    if method := settings.get("default_payment_method"):
        own = state.get("payment_method", method, param="invoice_settings[default_payment_method]")
        if own["customer"] != identifier:
            raise StripeFault("The customer does not have a payment method with that ID.", code="resource_missing")
    with changing(state, customer, "customer.updated"):
        merge(customer, parameters)
        merge(customer["invoice_settings"], settings)
    return customer


@operation("GET", "/v1/customers", f"{PAGING} {created_range()} email")
def list_customers(state: State, parameters: dict[str, Any]) -> Object:
    def keep(customer: Object) -> bool:
        return not customer.get("deleted") and customer["email"] == parameters.get("email", customer["email"])

    return list_page(state, "customer", parameters, "/v1/customers", keep)


def get_live_customer(state: State, identifier: str, *, param: str = "customer") -> Object:
    """A customer that was not deleted."""
    customer = state.get("customer", identifier, param=param)
    if customer.get("deleted"):
        raise StripeFault(f"No such customer: '{identifier}'", status=404, code="resource_missing", param=param)
    return customer


def _complete_address(parameters: dict[str, Any]) -> None:
    if isinstance(parameters.get("address"), dict):
        parameters["address"] = ADDRESS | parameters["address"]


@operation("POST", "/v1/customers/{id}/tax_ids", "type! value!")
def create_tax_id(state: State, parameters: dict[str, Any], customer: str) -> Object:
    get_live_customer(state, customer, param="id")
    kind, value = parameters["type"], parameters["value"].strip()
    if not value or len(value) > 40 or not re.fullmatch(TAX_IDS.get(kind, ".*"), value):
        raise StripeFault(f"Invalid value for {kind}.", code="tax_id_invalid", param="value")
    for each in state.all("tax_id"):
        if (each["customer"], each["type"], each["value"]) == (customer, kind, value):
            raise StripeFault(
                f"Customer already has a tax ID of type '{kind}' with value '{value}'.", code="resource_already_exists"
            )
    tax_id = state.add(
        "tax_id",
        "txi",
        "",
        country=kind[:2].upper(),
        customer=customer,
        owner={"type": "customer", "customer": customer, "account": None, "application": None},
        type=kind,
        value=value,
        verification={"status": "unavailable", "verified_address": None, "verified_name": None},
    )
    record(state, "customer.tax_id.created", tax_id)
    return tax_id


@operation("GET", "/v1/customers/{id}/tax_ids", PAGING)
def list_tax_ids(state: State, parameters: dict[str, Any], customer: str) -> Object:
    state.get("customer", customer)
    url = f"/v1/customers/{customer}/tax_ids"
    return list_page(state, "tax_id", parameters, url, lambda each: each["customer"] == customer)


@operation("DELETE", "/v1/customers/{id}/tax_ids/{tax_id}")
def delete_tax_id(state: State, parameters: dict[str, Any], customer: str, identifier: str) -> Object:
    tax_id = state.get("tax_id", identifier)
    if tax_id["customer"] != customer:
        raise StripeFault(f"No such tax_id: '{identifier}'", status=404, code="resource_missing", param="id")
    state.remove(tax_id)
    record(state, "customer.tax_id.deleted", tax_id)
    return {"id": identifier, "object": "tax_id", "deleted": True}


@operation("GET", "/v1/customers/{id}/payment_methods", f"{PAGING} type")
def list_customer_payment_methods(state: State, parameters: dict[str, Any], customer: str) -> Object:
    state.get("customer", customer)
    url = f"/v1/customers/{customer}/payment_methods"
    return list_page(state, "payment_method", parameters, url, lambda each: each["customer"] == customer)


@operation("GET", "/v1/payment_methods/{id}")
def get_payment_method(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("payment_method", identifier)


@operation("POST", "/v1/payment_methods/{id}/attach", "customer!")
def attach_payment_method(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    """`pm_card_visa` and the like are test cards, as at Stripe."""
    return attach(state, identifier, get_live_customer(state, parameters["customer"]))


def attach(state: State, identifier: str, customer: Object) -> Object:
    """Give a payment method to a customer. Raise StripeFault where the card is declined."""
    method = make_card(state, identifier, customer) or state.get("payment_method", identifier, param="payment_method")
    if method["_behaviour"] == "declined":
        raise declined()
    if method["customer"] != customer["id"]:
        method["customer"] = customer["id"]
        record(state, "payment_method.attached", method)
    return method


def set_default(state: State, customer: Object, method: Object) -> None:
    """What the next invoices are paid with."""
    with changing(state, customer, "customer.updated"):
        customer["invoice_settings"]["default_payment_method"] = method["id"]
