"""Requests before their documents run: keys, origins, malformed bodies, limits; and faults of the server."""

import logging
from datetime import datetime, timedelta
from typing import Any

import graphql
import orjson
import pytest
from checkout.models import Cart
from django.db import connection
from kernel.ids import to_global_id
from staff.models import ApiKey

from storefront_api import access, documents, limits
from storefront_api.schema import catalog
from storefront_api.schema.root import SCHEMA
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.storefront_api.documents import CART_CREATE, CART_QUERY, CATALOG_PAGE, JOIN
from tests.support.coupons import make_batch, make_link
from tests.support.shops import ShopClient
from tests.support.statements import statements
from tests.support.storefront import Answer, Storefront, make_key, make_product

SHOP = "{ shop { name currencyCode timeZone language } }"


def send(storefront: Storefront, body: bytes, content_type: str = "application/json") -> Answer:
    response = ShopClient(storefront.shop).generic(
        "POST", "/graphql/", body, content_type, headers={"X-Storefront-Key": storefront.key}
    )
    return Answer(response.status_code, response.json(), response.headers)


def test_the_shop_says_who_it_is(storefront: Storefront) -> None:
    assert storefront.run(SHOP)["shop"] == {
        "name": "North",
        "currencyCode": "CNY",
        "timeZone": "Asia/Shanghai",
        "language": "zh-hans",
    }


@pytest.mark.parametrize("key", ["", "pk_wrong", "漢字"])
def test_without_a_valid_key_nothing_is_answered(storefront: Storefront, key: str) -> None:
    answer = storefront.post(SHOP, None, **{"X-Storefront-Key": key})

    assert (answer.status, answer.codes) == (401, ["STOREFRONT_KEY_INVALID"])
    assert "data" not in answer.body


def test_a_key_of_another_shop_is_unknown(shops: tuple[Shop, Shop], storefront: Storefront) -> None:
    assert storefront.run(SHOP)

    assert Storefront(shops[1], storefront.key).post(SHOP).status == 401


def test_a_secret_key_works_from_a_server(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        secret = make_key(now, kind="secret")

    assert Storefront(storefront.shop, secret).run(SHOP)


def test_a_valid_key_costs_one_statement_in_thirty_seconds_and_a_revoked_one_ends_then(
    storefront: Storefront, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with statements() as first:
        storefront.run(SHOP)
    with statements() as second:
        storefront.run(SHOP)
    assert (len(first), second) == (1, [])
    with storefront.inside():
        ApiKey.objects.update(revoked_at=now)
    assert storefront.post(SHOP).status == 200

    monkeypatch.setattr(access, "CACHE_LIFETIME", timedelta(0))

    assert storefront.post(SHOP).status == 401


def test_a_key_with_origins_works_from_those_alone(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        bound = Storefront(storefront.shop, make_key(now, origins=("https://tea.example",)))

    allowed = bound.post(SHOP, None, Origin="https://tea.example")

    assert (allowed.status, allowed.headers["Access-Control-Allow-Origin"]) == (200, "https://tea.example")
    assert "Origin" in allowed.headers["Vary"]
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        refused = bound.post(SHOP, None, **headers)
        assert (refused.status, refused.codes) == (401, ["ORIGIN_NOT_ALLOWED"])
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_a_browser_may_ask_first(storefront: Storefront) -> None:
    response = ShopClient(storefront.shop).options("/graphql/", headers={"Origin": "https://tea.example"})

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == "https://tea.example"
    assert response["Access-Control-Allow-Methods"] == "POST"
    assert "X-Storefront-Key" in response["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in response


def test_only_post_is_answered(storefront: Storefront) -> None:
    response = ShopClient(storefront.shop).get(
        "/graphql/?query={shop{name}}", headers={"X-Storefront-Key": storefront.key}
    )

    assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "BAD_REQUEST"),
        (b"{", "BAD_REQUEST"),
        (b"\xff", "BAD_REQUEST"),
        (b"null", "BAD_REQUEST"),
        (b"{}", "BAD_REQUEST"),
        (b'{"query": 1}', "BAD_REQUEST"),
        (b'{"query": "{shop{name}}", "variables": []}', "BAD_REQUEST"),
        (b'{"query": "{shop{name}}", "operationName": 1}', "BAD_REQUEST"),
        (b'[{"query": "{shop{name}}"}]', "BATCH_NOT_ALLOWED"),
        (b'{"query": "{shop{"}', "GRAPHQL_PARSE_FAILED"),
        (b'{"query": ""}', "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{shop{wrong}}"}', "GRAPHQL_VALIDATION_FAILED"),
        (b'{"query": "query($id: ID!){cart(id:$id){id}}"}', "BAD_USER_INPUT"),
        (b'{"query": "query a{shop{name}} query b{shop{name}}"}', "BAD_USER_INPUT"),
        (b'{"query": "query a{shop{name}}", "operationName": "b"}', "BAD_USER_INPUT"),
    ],
)
def test_what_cannot_run_is_400(storefront: Storefront, body: bytes, code: str) -> None:
    answer = send(storefront, body)

    assert (answer.status, answer.codes) == (400, [code])


NASTY = ["\x00", "\\", "'; DROP TABLE x; --", "%", "_", "\U0001f4a5" * 50, "x" * 50_000, "\u202e", "-", " ", "[", "ſ"]
DOCUMENTS = [
    "query($x: String!) { products(search: $x) { edges { cursor } } }",
    "query($x: String!) { products(category: $x) { edges { cursor } } }",
    "query($x: String!) { products(after: $x) { edges { cursor } } }",
    "query($x: String!) { product(slug: $x) { id } joinLink(code: $x) { code } }",
    "query($y: ID!) { product(id: $y) { id } cart(id: $y) { id } node(id: $y) { id } }",
    """mutation($x: String!) {
      cartCreate(input: {lines: [{sku: $x, quantity: 1}], idempotencyKey: $x}) { cart { id } }
    }""",
    "mutation($y: ID!, $x: String!) { cartCouponsSet(input: {cartId: $y, codes: [$x]}) { cart { id } } }",
    """mutation($y: ID!, $x: String!) {
      checkoutComplete(input: {cartId: $y, idempotencyKey: $x, payment: {method: OFFLINE}}) { order { id } }
    }""",
    "mutation($x: String!) { memberJoin(input: {joinCode: $x, phone: $x, idempotencyKey: $x}) { token } }",
    """mutation($x: String!) {
      memberJoin(input: {joinCode: "welcome", phone: $x, otp: $x, inviteCode: $x, idempotencyKey: "k"}) { token }
    }""",
    "mutation($y: ID!, $x: String!) { couponClaim(input: {batch: $y, idempotencyKey: $x}) { coupon { id } } }",
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_text_is_too_nasty_to_be_answered(storefront: Storefront, now: datetime, document: str) -> None:
    with storefront.inside():
        make_product(now)
        make_link(now, make_batch(now))
    member = storefront.as_member(
        storefront.mutate(JOIN, joinCode="welcome", phone="13800138000", idempotencyKey="k")["token"]
    )
    for text in NASTY:
        variables = {name: text for name in ("x", "y") if f"${name}:" in document}
        answer = member.post(document, variables)
        assert answer.status == (400 if "\x00" in text else 200), answer.body
        assert "INTERNAL" not in answer.codes


def test_no_escape_smuggles_the_character_that_the_database_refuses(storefront: Storefront) -> None:
    literals = ('"a\\u0000b"', '"\\u{0}"', '"\\u{0000}"')
    for body in [
        *(orjson.dumps({"query": f"{{ product(slug: {literal}) {{ id }} }}"}) for literal in literals),
        *(
            orjson.dumps({"query": f"query($slug: String = {literal}) {{ product(slug: $slug) {{ id }} }}"})
            for literal in literals
        ),
        # The backslash escaped in turn, as JSON allows it.
        b'{"query": "{ product(slug: \\"a\\u005cu0000b\\") { id } }"}',
        b'{"query": "query($x: String!) { product(slug: $x) { id } }", "variables": {"x": "a\\u0000b"}}',
        b'{"query": "query($x: [String!]!) { product(slug: $x) { id } }", "variables": {"x": [{"y": "\\u0000"}]}}',
    ]:
        answer = send(storefront, body)
        assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"]), body


def test_a_text_that_only_looks_like_an_escape_is_a_text(storefront: Storefront) -> None:
    answer = storefront.post("query($x: String!) { product(slug: $x) { id } }", {"x": "\\u0000 \\u{0}"})

    assert (answer.status, answer.data) == (200, {"product": None})


def test_a_request_has_one_mutation_since_two_could_hold_what_the_other_wants(
    storefront: Storefront, now: datetime
) -> None:
    with storefront.inside():
        make_product(now)
    created = 'cartCreate(input: {lines: [{sku: "TEA", quantity: 1}]}) { cart { id } }'

    for document in (
        f"mutation {{ a: {created} b: {created} }}",
        f"mutation {{ ...both }} fragment both on Mutation {{ a: {created} ... on Mutation {{ b: {created} }} }}",
        f"query a {{ shop {{ name }} }} mutation b {{ a: {created} b: {created} }}",
    ):
        answer = storefront.post(document)
        assert (answer.status, answer.codes) == (400, ["SEVERAL_MUTATIONS"])
    with storefront.inside():
        assert not Cart.objects.exists()


def test_a_form_cannot_post_a_document(storefront: Storefront) -> None:
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        assert send(storefront, b'{"query": "{shop{name}}"}', content_type).status == 400


HOSTILE = {
    "deep": "{ cart(id: 1) " + "{ lines " * 20 + "{ id }" + " }" * 20 + " }",
    "very deep": "{a" * 700 + "}" * 700,
    "deep value": "{ cart(id: " + "[" * 700 + "]" * 700 + ") { id } }",
    "aliases": "{" + " ".join(f"a{number}: __typename" for number in range(101)) + "}",
    "same field": "{ shop {" + " name" * 500 + "} }",
    "root fields": "{" + " ".join(f"a{number}: shop {{ name }}" for number in range(16)) + "}",
    "directives": "{ shop { name " + "@include(if: true) " * 21 + "} }",
    "fragments of fragments": "".join(
        f"fragment f{number} on Shop {{ ...f{number + 1} ...f{number + 1} ...f{number + 1} }} " for number in range(15)
    )
    + "fragment f15 on Shop { name } { shop { ...f0 } }",
    "definitions": "".join(f"query q{number} {{ shop {{ name }} }} " for number in range(21)),
    "tokens": "{ shop { name } }" + " query q { shop { name } }" * 300,
    "length": "{ shop { name } }" + " " * 20_000,
    "comments": "#" * 30_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_is_refused_before_it_is_validated_and_without_sql(
    storefront: Storefront,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storefront.run(SHOP)  # the key is remembered from now on
    monkeypatch.setattr("storefront_api.documents.validate", lambda *_a, **_k: pytest.fail("was validated"))

    with statements() as found:
        answer = storefront.post(HOSTILE[kind])

    assert (answer.status, answer.codes) == (400, ["QUERY_TOO_COSTLY"])
    assert found == []


def test_too_many_variables_and_too_large_bodies_are_refused(storefront: Storefront) -> None:
    lines = [{"sku": "A", "quantity": 1}] * 3_000
    assert storefront.post(CART_CREATE, {"input": {"lines": lines}}).codes == ["QUERY_TOO_COSTLY"]

    body = orjson.dumps({"query": SHOP, "variables": {"padding": "x" * limits.MAX_BODY_BYTES}})
    answer = send(storefront, body)

    assert (answer.status, answer.codes) == (400, ["QUERY_TOO_COSTLY"])


def test_circular_fragments_are_refused_by_validation(storefront: Storefront) -> None:
    answer = storefront.post("{ shop { ...a } } fragment a on Shop { ...b } fragment b on Shop { ...a }")

    assert (answer.status, answer.codes) == (400, ["GRAPHQL_VALIDATION_FAILED"])


def test_introspection_is_allowed_but_not_in_circles(storefront: Storefront) -> None:
    assert storefront.run(graphql.get_introspection_query())["__schema"]["types"]
    circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert storefront.post(circle).status == 400


def test_a_document_is_parsed_and_validated_once(storefront: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def spy(text: str, **options: Any) -> graphql.DocumentNode:
        parsed.append(text)
        return graphql.parse(text, **options)

    monkeypatch.setattr(documents, "parse", spy)
    document = "query once { shop { name } }"

    for _ in range(3):
        storefront.run(document)

    assert parsed == [document]


def test_the_cache_of_documents_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_CACHED_CHARACTERS", 100)
    cache = documents._Cache()
    document = documents.Document(node=graphql.parse("{ a }"), costs={"": 1})

    for number in range(50):
        cache.put(bytes([number]), document, 40)

    assert [number for number in range(50) if cache.get(bytes([number]))] == [48, 49]


def test_a_server_fault_shows_nothing_and_keeps_nothing(
    storefront: Storefront, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with storefront.inside():
        make_product(now)
        make_link(now, make_batch(now))

    def fail(**_arguments: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret_column FROM nowhere")

    monkeypatch.setattr(catalog, "list_products", fail)
    with caplog.at_level(logging.ERROR):
        answer = storefront.post(CATALOG_PAGE)

    assert (answer.status, answer.codes, answer.body["data"]) == (500, ["INTERNAL"], None)
    assert "nowhere" not in str(answer.body)
    assert "nowhere" in caplog.text


def test_a_fault_after_a_mutation_takes_the_mutation_back(
    storefront: Storefront, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with storefront.inside():
        make_product(now)
    monkeypatch.setattr(catalog, "get_levels", lambda **_arguments: (_ for _ in ()).throw(RuntimeError("bang")))
    shown = "cart { lines { variant { available } } }"

    answer = storefront.post(
        f'mutation {{ cartCreate(input: {{lines: [{{sku: "TEA", quantity: 1}}]}}) {{ {shown} }} }}'
    )

    assert (answer.status, answer.codes) == (500, ["INTERNAL"])
    with storefront.inside():
        assert not Cart.objects.exists()


def test_a_value_that_its_type_cannot_say_is_a_fault_of_the_server(
    storefront: Storefront, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with storefront.inside():
        make_product(now)
    variant = SCHEMA.type_map["Variant"]
    assert isinstance(variant, graphql.GraphQLObjectType)
    monkeypatch.setattr(variant.fields["availableQuantity"], "resolve", lambda *_arguments: 2**31)

    answer = storefront.post(CATALOG_PAGE)

    assert (answer.status, answer.codes) == (500, ["INTERNAL"])


def test_messages_speak_the_clients_language_else_the_shops(storefront: Storefront) -> None:
    missing = 'mutation { cartLinesSet(input: {cartId: "x", lines: []}) { userErrors { message } } }'

    answer = storefront.post(missing, None, **{"Accept-Language": "en"})

    assert answer.data["cartLinesSet"]["userErrors"][0]["message"] == "There is no such cart."


def test_an_id_of_another_shop_is_unknown(shops: tuple[Shop, Shop], storefront: Storefront, now: datetime) -> None:
    with tenant_transaction(shops[1]):
        make_product(now, skus={"SOUTH": 100})
        make_link(now, make_batch(now))
        southern = Storefront(shops[1], make_key(now))
    cart_id = southern.mutate(CART_CREATE, lines=[{"sku": "SOUTH", "quantity": 1}])["cart"]["id"]
    joined = southern.mutate(JOIN, joinCode="welcome", phone="2015550123", idempotencyKey="k")
    product = southern.run(CATALOG_PAGE)["products"]["edges"][0]["node"]

    node = "query($id: ID!) { node(id: $id) { id } }"
    for global_id in (cart_id, product["id"], product["variants"][0]["id"], joined["coupon"]["id"]):
        assert storefront.run(node, id=global_id) == {"node": None}
    assert storefront.run(CART_QUERY, id=cart_id) == {"cart": None}
    assert storefront.as_member(joined["token"]).post(SHOP).status == 401
    assert storefront.run(node, id=to_global_id("Nothing", Cart().id)) == {"node": None}
