"""Every query field, mutation and node of the API × {no key, another shop's key or token, another shop's ids}.

The documents are generated from the schema: a new field is covered at once, and fails where nothing stands for one of
its arguments (`tests.support.matrix`).
"""

from typing import Any

import pytest

from storefront_api.schema.root import SCHEMA
from tenants.models import Shop
from tests.support.matrix import Document, Scene, list_documents, list_nodes, read_rows, set_scene
from tests.support.storefront import Storefront

VISITS = ("staff_apikey",)  # when a key was last used
# Their answer is the shop's own, or what its own catalog has.
OWN = {"shop", "products", "me"}


@pytest.fixture
def scene(shops: tuple[Shop, Shop]) -> Scene:
    return set_scene(*shops)


def test_every_field_has_a_document_and_every_node_an_id(scene: Scene) -> None:
    assert SCHEMA.query_type is not None
    assert SCHEMA.mutation_type is not None
    fields = {*SCHEMA.query_type.fields, *SCHEMA.mutation_type.fields}
    assert {document.field for document in list_documents(scene)} == fields
    assert set(scene.nodes) >= list_nodes()


@pytest.mark.parametrize("caller", ["nobody", "key of another shop", "token of another shop"])
def test_who_is_not_of_the_shop_is_refused(scene: Scene, caller: str) -> None:
    """401 before a resolver runs, and no row is written."""
    before = read_rows(scene.north, ignored=VISITS)
    for document in list_documents(scene):
        storefront = {
            "nobody": Storefront(scene.north, ""),
            "key of another shop": scene.storefront(scene.north, key=scene.south, token=scene.north),
            "token of another shop": scene.storefront(scene.north, token=scene.south),
        }[caller]
        answer = storefront.post(document.text, document.variables)
        wanted = "TOKEN_INVALID" if caller.startswith("token") else "STOREFRONT_KEY_INVALID"
        assert (answer.status, answer.codes) == (401, [wanted]), document
    assert read_rows(scene.north, ignored=VISITS) == before


@pytest.mark.parametrize("as_member", [False, True])
def test_anothers_ids_are_unknown(scene: Scene, as_member: bool) -> None:
    """With a key and a token of its own, south asks for what is north's."""
    before = read_rows(scene.north)
    storefront = scene.storefront(scene.south, token=scene.south if as_member else None)
    for document in list_documents(scene):
        answer = storefront.post(document.text, document.variables)
        assert scene.find_markers(str(answer.body)) == []
        assert answer.status == 200, (document, answer.body)
        if document.field not in OWN:
            assert is_nothing(answer.body, document), (document, answer.body)
    assert read_rows(scene.north) == before


def is_nothing(body: dict[str, Any], document: Document) -> bool:
    """Null, or a payload of nulls with errors."""
    data = (body["data"] or {}).get(document.field)
    if data is None:
        return not document.text.startswith("mutation") or bool(body.get("errors"))
    errors = data.get("userErrors")
    return bool(errors) and all(
        value is None for name, value in data.items() if name not in {"userErrors", "__typename"}
    )


def test_the_same_documents_answer_the_shop_whose_ids_they_are(scene: Scene) -> None:
    """Control: nothing is found in south because it is not south's."""
    storefront = scene.storefront(scene.north, token=scene.north)
    found, nodes = set(), set()
    for document in list_documents(scene):
        answer = storefront.post(document.text, document.variables)
        assert answer.status == 200, (document, answer.body)
        if not is_nothing(answer.body, document):
            found.add(document.field)
            nodes |= {kind for kind, node in scene.nodes.items() if document.variables.get("id") == node}
    assert found >= {"me", "joinLink", "cart", "products", "product", "shop", "node", "memberJoin", "cartCreate"}
    assert nodes >= {"Product", "Member", "Order", "Coupon", "Cart"}


def test_a_key_of_north_opens_no_door_of_south_while_it_is_cached(scene: Scene) -> None:
    """Keys that were found valid are remembered by the process."""
    query = "{ shop { name } }"
    assert scene.storefront(scene.north).run(query) == {"shop": {"name": "North"}}
    assert scene.storefront(scene.south, key=scene.north).post(query).status == 401
    assert scene.storefront(scene.south).run(query) == {"shop": {"name": "South"}}
    assert scene.storefront(scene.north, key=scene.south).post(query).status == 401
