"""What identifies somebody in one shop is nothing in another: links, sessions, keys of repetition, carts, the cache."""

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from kernel.models import IdempotencyKey
from members.models import Member
from staff.models import User

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.storefront_api.documents import CART_CREATE, CART_QUERY, JOIN
from tests.support.matrix import Scene, set_scene
from tests.support.shops import PASSWORD, ShopClient, owner_email

SIGN_IN = "/console/sign-in/"
MASKED = "139****1111"  # the phone of the member whose token is north's


@pytest.fixture
def scene(shops: tuple[Shop, Shop]) -> Scene:
    return set_scene(*shops)


def is_signed_in(client: ShopClient) -> bool:
    return client.get("/console/").status_code == 200


def test_a_sign_in_link_of_another_shop_signs_nobody_in_and_is_not_used_up(scene: Scene) -> None:
    secret = scene.values["secret"]
    stranger, owner = ShopClient(scene.south), ShopClient(scene.north)
    for method in ("get", "post"):
        getattr(stranger, method)(f"/console/enter/{secret}/")
    assert not is_signed_in(stranger)
    for method in ("get", "post"):
        getattr(owner, method)(f"/console/enter/{secret}/")
    assert is_signed_in(owner)


def test_a_password_link_of_another_shop_changes_no_password(scene: Scene) -> None:
    """Not even where somebody has the same id and the same e-mail address in both shops."""
    with tenant_transaction(scene.north):
        there = User.objects.get(role="owner")
    with tenant_transaction(scene.south):
        User.objects.create_user(id=there.pk, email=there.email, password="another-long-password")
        before = list(User.objects.order_by("pk").values_list("pk", "password"))
    stranger = ShopClient(scene.south)
    link = f"/console/password/{scene.values['uidb36']}-{scene.values['key']}/"
    page = stranger.get(link, follow=True)
    for address in (link, page.request["PATH_INFO"]):
        stranger.post(address, {"password1": "chosen-by-a-stranger", "password2": "chosen-by-a-stranger"})
    with tenant_transaction(scene.south):
        assert list(User.objects.order_by("pk").values_list("pk", "password")) == before


def test_an_account_of_another_shop_is_none_here(scene: Scene) -> None:
    for shop, works in ((scene.south, False), (scene.north, True)):
        client = ShopClient(shop)
        client.post(SIGN_IN, {"login": owner_email("north"), "password": PASSWORD})
        assert is_signed_in(client) is works


def test_sessions_lie_in_the_shop_and_open_no_other(scene: Scene) -> None:
    client = scene.staff_of(scene.north)
    key = client.cookies["laxin_session"].value
    for shop, number in ((scene.north, 1), (scene.south, 0)):
        with tenant_transaction(shop):
            assert Session.objects.filter(session_key=key).count() == number
    assert Session.objects.count() == 0
    stranger = ShopClient(scene.south)
    stranger.cookies["laxin_session"] = key
    assert not is_signed_in(stranger)
    assert is_signed_in(client)


def test_signing_out_in_one_shop_leaves_the_other_signed_in(scene: Scene) -> None:
    north, south = scene.staff_of(scene.north), scene.staff_of(scene.south)
    south.cookies["laxin_session"] = north.cookies["laxin_session"].value
    south.post("/console/sign-out/")
    assert is_signed_in(north)


def test_a_members_token_opens_the_wallet_of_its_shop_alone(scene: Scene) -> None:
    for shop, finds in ((scene.north, True), (scene.south, False)):
        client = ShopClient(shop)
        client.cookies["laxin_member"] = scene.tokens["north"]
        assert (MASKED in client.get("/wallet/").content.decode()) is finds


def test_leaving_with_another_shops_token_does_not_revoke_it(scene: Scene) -> None:
    stranger, member = ShopClient(scene.south), ShopClient(scene.north)
    for client in (stranger, member):
        client.cookies["laxin_member"] = scene.tokens["north"]
    stranger.post("/wallet/leave")
    assert MASKED in member.get("/wallet/").content.decode()


def test_a_key_of_repetition_repeats_within_its_shop_alone(scene: Scene) -> None:
    """The same key and the same phone in both shops: two members, two answers."""
    answers = {}
    for shop, code in ((scene.north, "till"), (scene.south, "counter")):
        storefront = scene.storefront(shop)
        wanted = {"joinCode": code, "phone": "+8613800138000", "idempotencyKey": "the-same"}
        answers[shop.slug] = [storefront.mutate(JOIN, **wanted) for _ in range(2)]
    for first, second in answers.values():
        assert (first["member"], first["coupon"]) == (second["member"], second["coupon"])
    assert answers["north"][0]["member"]["id"] != answers["south"][0]["member"]["id"]
    assert len({answer["token"] for pair in answers.values() for answer in pair}) == 4
    for shop in (scene.north, scene.south):
        with tenant_transaction(shop):
            assert IdempotencyKey.objects.filter(key="the-same").count() == 1
            assert Member.objects.filter(phone__endswith="13800138000").count() == 1


def test_a_cart_is_found_in_its_shop_alone(scene: Scene) -> None:
    """Nobody's cart: whoever knows its id may open it, in its shop."""
    cart = scene.storefront(scene.north).mutate(CART_CREATE, lines=[{"sku": "SKU-1", "quantity": 1}])["cart"]
    assert scene.storefront(scene.north).run(CART_QUERY, id=cart["id"])["cart"]["id"] == cart["id"]
    assert scene.storefront(scene.south).run(CART_QUERY, id=cart["id"]) == {"cart": None}


def test_every_key_that_requests_leave_in_the_cache_names_its_shop(scene: Scene) -> None:
    for shop in (scene.north, scene.south):
        ShopClient(shop).post(SIGN_IN, {"login": "nobody@example.com", "password": "wrong"})
    keys = list(cache._cache)  # type: ignore[attr-defined]
    counted = {key.split(":")[2] for key in keys if "allauth" in key}
    assert counted == {scene.north.schema_name, scene.south.schema_name}
    assert {key.split(":")[3] for key in keys if key.startswith("laxin:1:public:")} <= {"shop", "allauth"}
