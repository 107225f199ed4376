"""API keys in the console."""

from django.utils import timezone
from staff.models import ApiKey
from staff.selectors import get_api_key

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import ShopClient


def test_a_secret_is_shown_once(client: ShopClient, north: Shop) -> None:
    response = client.post("/console/keys/", {"name": "ERP", "kind": "secret", "origins": ""})
    assert (response.status_code, response["Location"]) == (302, "/console/keys/")

    first, second = (client.get("/console/keys/") for _ in range(2))

    secret = first.context["new_secret"]
    assert secret in first.content.decode()
    assert secret not in second.content.decode()
    with tenant_transaction(north):
        key = get_api_key(secret=secret, now=timezone.now())
    assert key is not None
    assert (key.name, key.kind) == ("ERP", "secret")


def test_a_public_key_is_bound_to_the_origins_of_its_lines(client: ShopClient, north: Shop) -> None:
    client.post(
        "/console/keys/", {"name": "Web", "kind": "public", "origins": "https://a.example\r\nhttps://b.example"}
    )

    with tenant_transaction(north):
        assert ApiKey.objects.get().origins == ["https://a.example", "https://b.example"]


def test_a_bad_origin_is_shown_at_its_field(client: ShopClient, north: Shop) -> None:
    response = client.post("/console/keys/", {"name": "Web", "kind": "public", "origins": "shop.example"})

    assert list(response.context["form"].errors) == ["origins"]
    assert "shop.example</textarea>" in response.content.decode()
    with tenant_transaction(north):
        assert not ApiKey.objects.exists()


def test_a_key_is_revoked(client: ShopClient, north: Shop) -> None:
    client.post("/console/keys/", {"name": "Web", "kind": "public", "origins": ""})
    with tenant_transaction(north):
        key_id = ApiKey.objects.get().pk

    client.post(f"/console/keys/{key_id}/revoke/")

    with tenant_transaction(north):
        assert ApiKey.objects.get().revoked_at is not None
    client.raise_request_exception = False
    assert client.post("/console/keys/999999/revoke/").status_code == 404
