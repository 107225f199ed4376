"""What the isolation matrix is generated from: addresses, API fields, and what stands for their arguments.

`north` is full, `south` has an owner, a key and a member of its own. An argument that nothing here stands for fails the
matrix: name it in `Scene.values` or in `api_values`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from catalog.models import Product, Variant
from checkout.models import Cart, CartLine, Order
from coupons.models import Batch, Coupon
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.regex_helper import normalize
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from joining.models import JoinLink
from joining.services import create_join_link, join_member
from kernel.ids import to_global_id
from members.models import Member
from members.services import issue_token
from messaging.models import Email
from messaging.services import queue_email
from staff.audit import record_event
from staff.email_change import make_email_change
from staff.email_proof import make_email_proof
from staff.invitations import create_invitation
from staff.models import ApiKey, AuditEntry, Role, User
from staff.permissions import ACCOUNTANT, CASHIER, MANAGER, OWNER
from staff.selectors import get_access
from staff.services import create_sign_in_link

from storefront_api.schema.root import SCHEMA
from tenants.actor import Actor
from tenants.domains import add_domain
from tenants.models import Domain, Shop
from tenants.transaction import tenant_transaction
from tests.support.full_shop import PRODUCTS, fill_shop
from tests.support.shops import PASSWORD, ShopClient
from tests.support.storefront import Storefront, make_key

PHONE = "13811112222"
HOST = "shop.north.example"


@dataclass(frozen=True)
class Scene:
    """The two shops; north's ids by name and its rows' markers, credentials of both."""

    north: Shop
    south: Shop
    values: dict[str, Any]
    nodes: dict[str, str]
    markers: tuple[str, ...]
    tokens: dict[str, str]
    keys: dict[str, str]

    def staff_of(self, shop: Shop, role: str = OWNER) -> ShopClient:
        """The browser of somebody with a role (codes of `add_people`), newly signed in."""
        client = ShopClient(shop)
        with tenant_transaction(shop):
            user = User.objects.get(role=role)
        client.force_login(user)
        return client

    def storefront(self, shop: Shop, *, key: Shop | None = None, token: Shop | None = None) -> Storefront:
        """A storefront of a shop with somebody's key and a member's token."""
        return Storefront(shop, self.keys[(key or shop).slug], self.tokens[token.slug] if token else None)

    def find_markers(self, content: bytes | str) -> list[str]:
        """Names, codes, numbers and ids of north's that stand in an answer."""
        text = content if isinstance(content, str) else content.decode(errors="replace")
        return [marker for marker in self.markers if marker in text]

    def path(self, address: "Address") -> str:
        """The address with north's ids."""
        return address.template % {name: self.values[name] for name in address.names}


NOTHING = "custom-nothing"  # a role without any permission


def add_people(shop: Shop) -> None:
    """Somebody of each role beside the owner, the last of them without any permission."""
    with tenant_transaction(shop):
        Role.objects.create(code=NOTHING, name="Nothing", permissions=[])
        for role in (MANAGER, CASHIER, ACCOUNTANT, NOTHING):
            User.objects.create_user(f"{role}@{shop.slug}.example", PASSWORD, role=role)


def set_scene(north: Shop, south: Shop) -> Scene:
    """Fill north, give south a member and a link of its own."""
    fill_shop(north)
    add_people(north)
    now = timezone.now()
    tokens: dict[str, str] = {}
    keys: dict[str, str] = {}
    with tenant_transaction(south):
        create_join_link(
            name="Counter", code="counter", batch_id=None, channel="", opens_at=None, closes_at=None, now=now
        )
    with tenant_transaction(south):
        joined = join_member(code="counter", phone=PHONE, region="CN", token_secret=None, consent_version="1", now=now)
        tokens["south"], keys["south"] = _verified_token(joined.member_id), make_key(now)
    with tenant_transaction(north):
        user, cashier = User.objects.get(role=OWNER), User.objects.get(role=CASHIER)
        access = get_access(user=user)
        invited = create_invitation(
            email="secret-newcomer@north.example",
            role=CASHIER,
            access=access,
            inviter=user.pk,
            invited_by="owner",
            now=now,
        )
        session = UserSession.objects.create(pk=70_707, user=user, ip="10.9.8.7", session_key="of-another-browser")
        record_event(event="export", actor=Actor(id=f"staff:{user.pk}", name=user.email), label="secret-export")
        queue_email(to=["secret-guest@north.example"], subject="x", text="y", now=now)
        order = Order.objects.order_by("pk").first()
        assert order is not None
        assert order.member_id is not None
        tokens["north"], keys["north"] = _verified_token(order.member_id), make_key(now)
        coupon = Coupon.objects.filter(member_id=order.member_id).get()
        rows = {
            "Product": Product.objects.first(), "Variant": Variant.objects.first(), "Cart": Cart.objects.first(),
            "CartLine": CartLine.objects.first(), "Order": order, "Member": Member.objects.get(pk=order.member_id),
            "Coupon": coupon, "Batch": Batch.objects.get(name="新人券"),
            "JoinLink": JoinLink.objects.get(code="till"),
        }  # fmt: skip
        ids = {kind: row.pk for kind, row in rows.items() if row is not None}
        assert len(ids) == len(rows)
        values = {
            "product_id": ids["Product"], "batch_id": ids["Batch"], "link_id": ids["JoinLink"],
            "order_id": ids["Order"], "key_id": ApiKey.objects.filter(revoked_at=None).values_list("pk")[0][0],
            "code": "till", "kind": "qr.svg", "secret": create_sign_in_link(user_id=user.pk, now=now),
            "uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user),
            "user_id": cashier.pk, "role": NOTHING, "session_id": session.pk,
            "invitation_id": invited.id, "invitation_secret": invited.secret,
            "entry_id": AuditEntry.objects.latest("pk").pk,
            "proof": make_email_proof(user_id=user.pk, email=user.email),
            "token": make_email_change(user_id=user.pk, email="boss@north.example"),
            "object_id": str(north.pk), "content_type_id": "1", "name": "terms",
            "app_label": "tenants", "url": "nowhere",
            "host": HOST, "event_id": 0, "email_id": Email.objects.values_list("pk")[0][0], "coupon_code": coupon.code,
        }  # fmt: skip
        # No text of our own contains them, such as the examples in empty fields.
        markers = (
            *PRODUCTS, "SKU-0", "周末折扣", "Old ERP", "secret-guest", "secret-newcomer", "secret-export",
            coupon.code, str(order.number),
        )  # fmt: skip
    add_domain(shop=north, host=HOST, now=now)
    Domain.objects.update(verified_at=now)
    nodes = {kind: to_global_id(kind, key) for kind, key in ids.items() if kind != "JoinLink"}
    return Scene(north, south, values, nodes, markers, tokens, keys)


def _verified_token(member_id: UUID) -> str:
    return issue_token(member_id=member_id, is_verified=True, now=timezone.now())[1]


def get_body(response: Any) -> bytes:
    """What came back, a stream's parts too."""
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def read_rows(shop: Shop, *, ignored: tuple[str, ...] = ()) -> dict[str, str]:
    """A digest of each table of the shop: equal when nothing in it has changed."""
    with tenant_transaction(shop), connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace",
                       [shop.schema_name])  # fmt: skip
        tables = {row[0] for row in cursor.fetchall()} - set(ignored)
        digests = {}
        for table in sorted(tables):
            cursor.execute(f"SELECT count(*) || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t")
            digests[table] = cursor.fetchone()[0]
        return digests


# Addresses


@dataclass(frozen=True)
class Address:
    """An address of a URL configuration; `names` are those of its arguments."""

    template: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.template


def list_addresses(urlconf: str) -> list[Address]:
    """All addresses, from the URL patterns themselves."""
    return sorted(_walk(get_resolver(urlconf).url_patterns, ""), key=str)


def _walk(patterns: list[Any], prefix: str) -> Iterator[Address]:
    for pattern in patterns:
        expression = prefix + pattern.pattern.regex.pattern.lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, expression)
        elif isinstance(pattern, URLPattern):
            template, names = normalize(expression)[0]
            yield Address("/" + re.sub(r"\\Z$", "", template), tuple(names))


# The API


@dataclass(frozen=True)
class Document:
    """A document of one root field, with variables."""

    field: str
    text: str
    variables: dict[str, Any]


def api_values(scene: Scene) -> dict[str, Any]:
    """North's values by the name of an argument or an input field."""
    return {
        "cartId": scene.nodes["Cart"], "batch": scene.nodes["Batch"], "joinCode": "till", "code": "till",
        "phone": "+8613800138000", "idempotencyKey": "the-same", "sku": "SKU-1", "search": "SKU",
        "codes": [scene.values["coupon_code"]],
    }  # fmt: skip


def list_nodes() -> set[str]:
    """The types that `node` finds."""
    interface = SCHEMA.type_map["Node"]
    return {each.name for each in SCHEMA.get_possible_types(interface)}


def list_documents(scene: Scene) -> list[Document]:
    """One for each query field and mutation, by each kind of id where its argument is an `id`."""
    documents = []
    for kind, root in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            # `cart(id:)` gets ids of every kind too: all are unknown to it but the one, which is another shop's.
            for node in scene.nodes.values() if "id" in field.args else (None,):
                values = api_values(scene) | ({"id": node} if node else {})
                documents.append(_document(kind, name, field, values))
    return documents


def _document(kind: str, name: str, field: GraphQLField, values: dict[str, Any]) -> Document:
    arguments = {
        argument: each.type
        for argument, each in field.args.items()
        if argument in values or isinstance(each.type, GraphQLNonNull)
    }
    declared = ", ".join(f"${argument}: {each}" for argument, each in arguments.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in arguments)
    text = f"{kind}{f'({declared})' if declared else ''} {{ {name}{f'({passed})' if passed else ''}"
    text += f" {_selection(get_named_type(field.type), 4)} }}"
    variables = {argument: _value(argument, each, values) for argument, each in arguments.items()}
    return Document(name, text, variables)


def _selection(kind: GraphQLNamedType, depth: int) -> str:
    if is_leaf_type(kind):
        return ""
    if not isinstance(kind, GraphQLObjectType):
        return "{ __typename id }"
    fields = []
    for name, field in kind.fields.items():
        if any(isinstance(each.type, GraphQLNonNull) for each in field.args.values()):
            continue
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            fields.append(name)
        elif (depth > 1 and not name.endswith("s") and name != "category") or name in {"edges", "userErrors"}:
            fields.append(f"{name} {_selection(inner, depth - 1)}")
    return f"{{ __typename {' '.join(fields)} }}"


def _value(name: str, kind: Any, values: dict[str, Any]) -> Any:
    if name in values:
        return values[name]
    if isinstance(kind, GraphQLNonNull):
        return _value(name, kind.of_type, values)
    if isinstance(kind, GraphQLList):
        return [_value(name, kind.of_type, values)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            field: _value(field, each.type, values)
            for field, each in kind.fields.items()
            if field in values or isinstance(each.type, GraphQLNonNull) or field == "lines"
        }
    if str(kind) == "Int":
        return 1
    raise LookupError(f"The matrix has no value for {name}: {kind}. Add one of north's to `api_values`.")
