"""Every address × {nobody, another shop's cookies, another shop's ids}: generated from the URL patterns.

A new address is covered at once; the tests fail where it is open to everybody and not named in `OPEN_TO_ALL`, or where
nothing stands for one of its arguments (`tests.support.matrix`).
"""

from typing import Any

import pytest
from django.db import connection

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.matrix import Address, Scene, get_body, list_addresses, read_rows, set_scene
from tests.support.shops import ShopClient

SIGN_IN = "/console/sign-in/"
ADDRESSES = list_addresses("config.urls_shop")
PUBLIC = list_addresses("config.urls_public")
# Answered without signing in; those with arguments show a page of their own or redirect for what they do not know.
OPEN_TO_ALL = {
    "/", "/console/enter/%(secret)s/", "/console/inactive/", "/console/password/",
    "/console/invitation/%(invitation_secret)s/", "/console/security/code/", "/console/security/email/%(token)s/",
    "/console/password/%(uidb36)s-%(key)s/",
    "/console/password/changed/", "/console/password/sent/", "/console/sign-in/", "/console/sign-out/", "/graphql/",
    "/i18n/setlang/", "/j/%(code)s", "/j/%(code)s/", "/wallet/", "/wallet/leave",
}  # fmt: skip
FRIENDLY = {
    "/console/enter/%(secret)s/", "/console/password/%(uidb36)s-%(key)s/",
    "/console/invitation/%(invitation_secret)s/", "/console/security/email/%(token)s/",
    "/console/security/address/%(proof)s/",
}  # fmt: skip
METHODS = ["get", "post"]
# A visit writes a session, the marks of the last use; it changes nothing that a shop has.
VISITS = ("django_session", "staff_apikey", "staff_auditentry", "usersessions_usersession")

every_address = pytest.mark.parametrize("address", ADDRESSES, ids=str)
with_arguments = pytest.mark.parametrize("address", [each for each in ADDRESSES if each.names], ids=str)
closed = pytest.mark.parametrize("address", [each for each in ADDRESSES if str(each) not in OPEN_TO_ALL], ids=str)
by_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture
def scene(shops: tuple[Shop, Shop]) -> Scene:
    return set_scene(*shops)


def everything(scene: Scene) -> dict[str, str]:
    """A form that names every id of north's, under the names that our addresses and forms use."""
    ids = {name: str(value) for name, value in scene.values.items()}
    return {**ids, "batch": ids["batch_id"], "product": ids["product_id"], "name": "New", "code": "new", "login": "x"}


def is_led_up(response: Any, path: str) -> bool:
    """Who looks at an address that only does something is led to the page above it."""
    above: str = response.headers.get("Location", "")
    is_get = response.request["REQUEST_METHOD"] == "GET"
    return is_get and response.status_code == 302 and above.startswith("/console/") and path.startswith(above)


def test_what_is_open_to_all_exists() -> None:
    assert {str(address) for address in ADDRESSES} >= OPEN_TO_ALL


def test_the_matrix_has_as_many_rows_as_there_are_addresses() -> None:
    assert len(ADDRESSES) >= 35
    assert len({str(address) for address in ADDRESSES}) == len(ADDRESSES)


@closed
@by_method
def test_nobody_and_the_cookies_of_another_shop_are_sent_to_the_sign_in(
    scene: Scene, address: Address, method: str
) -> None:
    before = read_rows(scene.north, ignored=VISITS)
    stranger = ShopClient(scene.north)
    stranger.cookies = scene.staff_of(scene.south).cookies
    stranger.cookies["laxin_member"] = scene.tokens["south"]
    for client in (ShopClient(scene.north), stranger):
        response = getattr(client, method)(scene.path(address), everything(scene) if method == "post" else None)
        if is_led_up(response, scene.path(address)):
            response = client.get(response.headers["Location"])
        assert scene.find_markers(get_body(response)) == []
        if response.status_code != 405:
            assert (response.status_code, response.headers["Location"].startswith(SIGN_IN)) == (302, True)
    assert read_rows(scene.north, ignored=VISITS) == before


@every_address
@by_method
def test_with_anothers_ids_nothing_of_it_is_shown_or_changed(scene: Scene, address: Address, method: str) -> None:
    """The owner of south, who also holds a member's token of north's."""
    before = read_rows(scene.north)
    client = scene.staff_of(scene.south)
    client.cookies["laxin_member"] = scene.tokens["north"]
    response = getattr(client, method)(scene.path(address), everything(scene) if method == "post" else None)
    assert scene.find_markers(get_body(response)) == []
    if address.names and str(address) not in FRIENDLY:
        assert response.status_code in {404, 405} or is_led_up(response, scene.path(address))
    else:
        assert response.status_code < 500
    assert read_rows(scene.north) == before
    assert scene.find_markers(str(find_foreign_ids(scene))) == []


def find_foreign_ids(scene: Scene) -> list[str]:
    """Ids of north's that stand in a row of south's."""
    wanted = [str(scene.values[name]) for name in ("product_id", "batch_id", "link_id", "order_id")]
    found = []
    with tenant_transaction(scene.south), connection.cursor() as cursor:
        for table in read_rows(scene.south):
            cursor.execute(f"SELECT t::text FROM {table} AS t WHERE t::text LIKE ANY (%s)",
                           [[f"%{each}%" for each in wanted]])  # fmt: skip
            found += [f"{table}: {row[0]}" for row in cursor.fetchall()]
    return found


@with_arguments
def test_the_same_address_answers_the_shop_whose_ids_they_are(scene: Scene, address: Address) -> None:
    """Control: the 404 of the other shop is about the shop."""
    client = scene.staff_of(scene.north)
    answers = [getattr(client, method)(scene.path(address)) for method in METHODS]
    start = "/console/"  # where a visit of support is led
    own = [
        answer
        for answer in answers
        if answer.headers.get("Location") == start or not is_led_up(answer, scene.path(address))
    ]
    statuses = {answer.status_code for answer in own}
    assert statuses & {200, 302, 422}, statuses


def test_the_pages_of_north_show_what_must_not_be_seen_elsewhere(scene: Scene) -> None:
    """Control: the markers that are looked for do stand in pages."""
    client = scene.staff_of(scene.north)
    seen = [scene.find_markers(get_body(client.get(scene.path(address)))) for address in ADDRESSES]
    assert len([markers for markers in seen if markers]) >= 8
    assert {marker for markers in seen for marker in markers} >= {"SKU-0", "周末折扣", "Old ERP"}


@pytest.mark.parametrize("address", PUBLIC, ids=str)
@by_method
def test_the_public_site_shows_nothing_of_a_shop(scene: Scene, address: Address, method: str) -> None:
    before = read_rows(scene.north)
    for cookies in (None, scene.staff_of(scene.north).cookies):
        client = ShopClient(None)
        if cookies is not None:
            client.cookies = cookies
            before = read_rows(scene.north)
        response = getattr(client, method)(scene.path(address))
        assert response.status_code < 500
        assert scene.find_markers(get_body(response)) == []
    assert read_rows(scene.north) == before
