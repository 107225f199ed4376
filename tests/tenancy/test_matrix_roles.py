"""Every page of the console × {each role, nobody, another shop}, and every API field × {each kind of key, a member}.

The table is written by hand: it is what people were promised, and says so once more than the code does. The addresses
come from the URL patterns, the fields from the schema: a new page or field without a line here fails.
"""

from typing import Any

import pytest
from django.utils import timezone
from staff.permissions import BUILT_IN

from storefront_api.schema.root import SCHEMA
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.matrix import NOTHING, Address, Document, Scene, list_addresses, list_documents, set_scene
from tests.support.shops import ShopClient
from tests.support.storefront import Storefront, make_key
from tests.tenancy.test_matrix_addresses import OPEN_TO_ALL, SIGN_IN, everything, is_led_up

O, M, C, A = "owner", "manager", "cashier", "accountant"  # noqa: E741 - the table stays readable
ROLES = (O, M, C, A, NOTHING)
ALL = set(ROLES)
NEVER: set[str] = set()  # nobody: the page does not know this method

# Who may look at a page, and who may post to it.
PAGES: dict[str, tuple[set[str], set[str]]] = {
    "/console/": (ALL, NEVER),
    "/console/archive/": ({O}, {O}),
    "/console/archive/file/": ({O}, NEVER),
    "/console/archive/progress/": ({O}, NEVER),
    "/console/audit/": ({O, M, A}, NEVER),
    "/console/audit/%(entry_id)s/": ({O, M, A}, NEVER),
    "/console/audit/export.csv": ({O, M, A}, NEVER),
    "/console/billing/": ({O, A}, NEVER),
    "/console/billing/cancel/": ({O, A}, {O, A}),
    "/console/billing/change/": ({O, A}, {O, A}),
    "/console/billing/checkout/": ({O, A}, NEVER),
    "/console/billing/invoices/": ({O, A}, NEVER),
    "/console/billing/pay/": ({O, A}, NEVER),
    "/console/billing/portal/": ({O, A}, NEVER),
    "/console/billing/resume/": (NEVER, {O, A}),
    "/console/billing/return/": ({O, A}, NEVER),
    "/console/billing/return/progress/": ({O, A}, NEVER),
    "/console/billing/tax-id/": (NEVER, {O, A}),
    "/console/coupons/": ({O, M, C}, NEVER),
    "/console/coupons/%(batch_id)s/": ({O, M, C}, NEVER),
    "/console/coupons/%(batch_id)s/status/": (NEVER, {O, M}),
    "/console/coupons/example/": ({O, M}, NEVER),
    "/console/coupons/new/": ({O, M}, {O, M}),
    "/console/domains/": ({O}, {O}),
    "/console/domains/%(host)s/check/": (NEVER, {O}),
    "/console/domains/%(host)s/primary/": (NEVER, {O}),
    "/console/domains/%(host)s/remove/": (NEVER, {O}),
    "/console/join-links/": ({O, M, C}, NEVER),
    "/console/join-links/%(link_id)s/": ({O, M, C}, NEVER),
    "/console/join-links/%(link_id)s/%(kind)s": ({O, M, C}, NEVER),
    "/console/join-links/%(link_id)s/news/": ({O, M, C}, NEVER),
    "/console/join-links/%(link_id)s/status/": (NEVER, {O, M}),
    "/console/join-links/new/": ({O, M}, {O, M}),
    "/console/keys/": ({O}, {O}),
    "/console/keys/%(key_id)s/revoke/": (NEVER, {O}),
    "/console/logo/": ({O, M, A}, {O, M}),
    "/console/onboarding/checklist/": (NEVER, {O, M}),
    "/console/onboarding/samples/": (NEVER, {O, M}),
    "/console/orders/": ({O, M, C, A}, NEVER),
    "/console/orders/%(order_id)s/": ({O, M, C, A}, NEVER),
    "/console/orders/%(order_id)s/paid/": (NEVER, {O, M, C}),
    "/console/products/": ({O, M, C, A}, NEVER),
    "/console/products/%(product_id)s/": ({O, M, C, A}, NEVER),
    "/console/products/%(product_id)s/stock/": (NEVER, {O, M}),
    "/console/products/new/": ({O, M}, {O, M}),
    "/console/roles/": ({O, M}, NEVER),
    "/console/roles/%(role)s/": ({O}, {O}),
    "/console/roles/%(role)s/delete/": (NEVER, {O}),
    "/console/roles/%(role)s/second-factor/": (NEVER, {O}),
    "/console/roles/new/": ({O}, {O}),
    "/console/security/": (ALL, NEVER),
    "/console/security/address/": (ALL, ALL),
    "/console/security/address/%(proof)s/": (ALL, ALL),
    "/console/security/again/": (ALL, ALL),
    "/console/security/again/code/": (ALL, ALL),
    "/console/security/codes/": (ALL, NEVER),
    "/console/security/codes/new/": (ALL, ALL),
    "/console/security/email/": (ALL, ALL),
    "/console/security/password/": (ALL, ALL),
    "/console/security/second-factor/": (ALL, ALL),
    "/console/security/second-factor/remove/": (ALL, ALL),
    "/console/security/sessions/%(session_id)s/end/": (NEVER, ALL),
    "/console/security/sessions/end/": (NEVER, ALL),
    "/console/settings/": ({O, M, A}, NEVER),
    "/console/staff/": ({O, M}, {O, M}),
    "/console/staff/%(user_id)s/": ({O, M}, NEVER),
    "/console/staff/%(user_id)s/close/": (NEVER, {O, M}),
    "/console/staff/%(user_id)s/open/": (NEVER, {O, M}),
    "/console/staff/%(user_id)s/role/": (NEVER, {O, M}),
    "/console/staff/%(user_id)s/second-factor/": (NEVER, {O, M}),
    "/console/staff/%(user_id)s/sessions/%(session_id)s/end/": (NEVER, {O, M}),
    "/console/staff/%(user_id)s/sessions/end/": (NEVER, {O, M}),
    "/console/staff/invitations/%(invitation_id)s/revoke/": (NEVER, {O, M}),
    "/console/staff/invitations/%(invitation_id)s/send/": (NEVER, {O, M}),
    "/console/stock/": ({O, M, C, A}, NEVER),
}
ADDRESSES = [
    each
    for each in list_addresses("config.urls_shop")
    if str(each).startswith("/console/") and str(each) not in OPEN_TO_ALL
]

# Fields that answer whoever has a key of the shop, and those that need a member's token too.
WITH_A_KEY = {"joinLink", "cart", "products", "product", "shop", "node", "cartCreate", "cartLinesSet",
              "cartCouponsSet", "checkoutComplete", "memberJoin"}  # fmt: skip
WITH_A_MEMBER = {"me", "couponClaim"}


@pytest.fixture
def scene(shops: tuple[Shop, Shop]) -> Scene:
    return set_scene(*shops)


def test_every_page_has_a_line_and_every_line_a_page() -> None:
    assert {str(address) for address in ADDRESSES} == set(PAGES)


def test_every_role_has_a_column() -> None:
    assert {*BUILT_IN, NOTHING} == ALL


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_a_page_answers_the_roles_that_were_promised_it_and_no_others(scene: Scene, address: Address) -> None:
    """Refusals first: what a post of somebody who may changes must not spoil the question of who may not."""
    look, post = PAGES[str(address)]
    for method, promised in (("get", look), ("post", post)):
        for role in ROLES:
            if role not in promised:
                response = ask(scene, scene.staff_of(scene.north, role), method, address)
                if promised:
                    assert response.status_code == 403, (method, role)
                else:
                    assert response.status_code == 405 or is_led_up(response, scene.path(address)), (method, role)
        if promised:
            for stranger in (ShopClient(scene.north), with_cookies_of_south(scene)):
                response = ask(scene, stranger, method, address)
                assert (response.status_code, response["Location"].startswith(SIGN_IN)) == (302, True), method
        for role in reversed(ROLES):
            if role in promised:
                response = ask(scene, scene.staff_of(scene.north, role), method, address)
                assert response.status_code not in {403, 405}, (method, role)
                assert not response.headers.get("Location", "").startswith(SIGN_IN), (method, role)


def ask(scene: Scene, client: ShopClient, method: str, address: Address) -> Any:
    client.raise_request_exception = False
    return getattr(client, method)(scene.path(address), everything(scene) if method == "post" else None)


def with_cookies_of_south(scene: Scene) -> ShopClient:
    client = ShopClient(scene.north)
    client.cookies = scene.staff_of(scene.south).cookies
    return client


def test_every_field_of_the_api_has_a_line() -> None:
    assert SCHEMA.query_type is not None
    assert SCHEMA.mutation_type is not None
    assert {*SCHEMA.query_type.fields, *SCHEMA.mutation_type.fields} == WITH_A_KEY | WITH_A_MEMBER


@pytest.mark.parametrize("kind", ["public", "secret"])
@pytest.mark.parametrize("as_member", [False, True])
def test_a_field_answers_whom_it_was_promised_to(scene: Scene, kind: str, as_member: bool) -> None:
    with tenant_transaction(scene.north):
        key = make_key(timezone.now(), kind=kind)
    storefront = Storefront(scene.north, key, scene.tokens["north"] if as_member else None)
    answered = set()
    for document in list_documents(scene):
        answer = storefront.post(document.text, document.variables)
        assert answer.status == 200, (document, answer.body)
        if not needs_a_member(answer.body, document):
            answered.add(document.field)
    assert answered == (WITH_A_KEY | WITH_A_MEMBER if as_member else WITH_A_KEY)


def needs_a_member(body: dict[str, Any], document: Document) -> bool:
    if document.field == "me":
        return body["data"]["me"] is None
    return "UNAUTHENTICATED" in str(body)
