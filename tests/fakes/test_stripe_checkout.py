"""Checkout sessions, requests and their idempotency, lists and refusals."""

import json

import pytest
from console.forms.billing import TAX_ID_KINDS
from fakes.stripe import customers
from fakes.stripe.app import FakeStripe
from fakes.stripe.errors import StripeFault
from stripe import (
    APIError,
    AuthenticationError,
    IdempotencyError,
    InvalidRequestError,
    RateLimitError,
    StripeClient,
    Webhook,
)

from tests.fakes.conftest import NOW, World
from tests.support.stripe import InProcess, client_of


def test_a_declined_card_leaves_the_session_open_and_nothing_else(world: World) -> None:
    session = world.open_session()
    events = len(world.fake.events)

    with pytest.raises(StripeFault, match="declined"):
        world.fake.pay(session, card="4000 0000 0000 0002")

    assert world.fake.get(session)["status"] == "open"
    assert len(world.fake.events) == events
    assert world.fake.all("subscription") == []
    assert world.fake.pay(session)["status"] == "complete"


def test_a_session_that_nobody_pays_expires_after_a_day_and_cannot_be_paid(world: World) -> None:
    session = world.open_session()

    world.fake.advance(days=1)

    assert world.client.v1.checkout.sessions.retrieve(session).status == "expired"
    assert world.types()[-1] == "checkout.session.expired"
    with pytest.raises(StripeFault, match="expired"):
        world.fake.pay(session)


def test_a_year_in_advance_is_one_payment_with_an_invoice(world: World) -> None:
    session = world.fake.pay(
        world.open_session(world.once, mode="payment", invoice_creation={"enabled": True}), way="alipay"
    )

    assert (session["payment_status"], session["subscription"]) == ("paid", None)
    invoice = world.client.v1.invoices.retrieve(session["invoice"])
    assert (invoice.status, invoice.amount_paid, invoice.parent) == ("paid", 299000, None)


@pytest.mark.parametrize(("failing", "outcome"), [(0, "succeeded"), (1, "failed")])
def test_a_slow_way_is_complete_at_once_and_paid_or_not_two_days_later(
    world: World, failing: int, outcome: str
) -> None:
    session = world.open_session(world.once, mode="payment")

    at_once = world.fake.pay(session, way="us_bank_account")
    world.fake.settings.fail_payments = failing
    world.fake.advance(days=2)

    assert (at_once["status"], at_once["payment_status"]) == ("complete", "unpaid")
    assert world.types()[-1] == f"checkout.session.async_payment_{outcome}"
    assert world.fake.get(session)["payment_status"] == ("unpaid" if failing else "paid")


def test_the_same_idempotency_key_gives_the_same_answer_and_another_body_is_refused(world: World) -> None:
    create = world.client.v1.customers.create

    first = create({"email": "a@shop.test"}, {"idempotency_key": "k"})
    second = create({"email": "a@shop.test"}, {"idempotency_key": "k"})

    assert first.id == second.id
    assert second.last_response is not None
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(world.fake.all("customer")) == 2
    with pytest.raises(IdempotencyError):
        create({"email": "b@shop.test"}, {"idempotency_key": "k"})


def test_a_lost_answer_is_healed_by_the_librarys_retry(world: World) -> None:
    world.fake.settings.faults = ["500 after"]
    client = client_of(world.fake, max_network_retries=2)

    customer = client.v1.customers.create({"email": "once@shop.test"})

    assert [each["id"] for each in world.fake.all("customer") if each["email"] == "once@shop.test"] == [customer.id]


def test_faults_are_answered_as_stripe_answers_them(world: World) -> None:
    world.fake.settings.faults = ["500 before", "429"]

    with pytest.raises(APIError):
        world.client.v1.customers.create({"email": "never@shop.test"})
    with pytest.raises(RateLimitError):
        world.client.v1.customers.retrieve(world.customer)
    with pytest.raises(AuthenticationError):
        StripeClient("sk_test_other", http_client=InProcess(world.fake)).v1.customers.list()
    assert len(world.fake.all("customer")) == 1


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"name": "x", "colour": "red"}, "parameter_unknown", "colour"),
        ({}, "parameter_missing", "name"),
        ({"name": "x", "metadata": {"a": "b"}, "tax_details": {"x": "y"}}, "parameter_unknown", "tax_details[x]"),
    ],
)
def test_what_it_does_not_know_is_refused_and_never_ignored(
    world: World, params: dict[str, object], code: str, param: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        world.client.v1.products.create(params)  # type: ignore[arg-type]

    assert (caught.value.code, caught.value.param, caught.value.http_status) == (code, param, 400)


def test_values_of_the_wrong_kind_are_refused(world: World) -> None:
    for params in ({"limit": "many"}, {"limit": 0}, {"active": "yes"}, {"type": "weekly"}):
        with pytest.raises(InvalidRequestError):
            world.client.v1.prices.list(params)  # type: ignore[arg-type]


# The examples of Stripe's table of supported tax ids.
TAX_IDS = [
    ("au_abn", "12345678912"), ("ca_bn", "123456789"), ("cn_tin", "123456789012345678"), ("eu_vat", "ATU12345678"),
    ("eu_vat", "NL123456789B12"), ("gb_vat", "GB123456789"), ("hk_br", "12345678"), ("jp_trn", "T1234567891234"),
    ("kr_brn", "123-45-67890"), ("my_sst", "A12-3456-78912345"), ("sg_gst", "M12345678X"), ("th_vat", "1234567891234"),
    ("tw_vat", "12345678"), ("us_ein", "12-3456789"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), TAX_IDS)
def test_tax_numbers_have_the_form_of_their_kind(world: World, kind: str, value: str) -> None:
    tax_ids = world.client.v1.customers.tax_ids
    tax_ids.create(world.customer, {"type": kind, "value": value})

    with pytest.raises(InvalidRequestError) as caught:
        tax_ids.create(world.customer, {"type": kind, "value": f"{value}-?"})

    assert (caught.value.code, caught.value.param) == ("tax_id_invalid", "value")
    assert [each["value"] for each in world.fake.all("tax_id")] == [value]


def test_every_kind_that_the_console_offers_has_a_form() -> None:
    assert {kind for kind, _name in TAX_ID_KINDS if kind} == set(customers.TAX_IDS)


def test_objects_that_are_not_there_are_missing(world: World) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        world.client.v1.subscriptions.retrieve("sub_none")

    assert (caught.value.code, caught.value.http_status) == ("resource_missing", 404)
    assert caught.value.user_message == "No such subscription: 'sub_none'"


def test_lists_are_paged_newest_first(world: World) -> None:
    made = [world.client.v1.customers.create({"email": f"{number}@shop.test"}).id for number in range(5)]

    first = world.client.v1.customers.list({"limit": 2})
    everything = [each.id for each in world.client.v1.customers.list({"limit": 2}).auto_paging_iter()]

    assert ([each.id for each in first.data], first.has_more) == ([made[4], made[3]], True)
    assert everything == [*reversed(made), world.customer]


def test_identifiers_are_expanded_where_that_is_asked(world: World) -> None:
    session = world.open_session()
    world.fake.pay(session)

    plain = world.client.v1.checkout.sessions.retrieve(session)
    expanded = world.client.v1.checkout.sessions.retrieve(
        session, {"expand": ["subscription.latest_invoice", "customer.tax_ids", "line_items"]}
    ).to_dict()

    assert isinstance(plain.subscription, str)
    assert "line_items" not in plain
    assert expanded["subscription"]["latest_invoice"]["status"] == "paid"
    assert expanded["customer"]["tax_ids"]["data"] == []
    assert expanded["line_items"]["data"][0]["amount_total"] == 29900
    with pytest.raises(InvalidRequestError, match="cannot be expanded"):
        world.client.v1.checkout.sessions.retrieve(session, {"expand": ["colour"]})


def test_a_lookup_key_belongs_to_one_price_and_can_be_handed_on(world: World) -> None:
    params = {"product": world.fake.get(world.month)["product"], "currency": "cny", "unit_amount": 1}

    with pytest.raises(InvalidRequestError, match="already uses that lookup key"):
        world.client.v1.prices.create({**params, "lookup_key": "growth_month"})  # type: ignore[typeddict-item]
    new = world.client.v1.prices.create(
        {**params, "lookup_key": "growth_month", "transfer_lookup_key": True}  # type: ignore[typeddict-item]
    )

    assert [price.id for price in world.client.v1.prices.list({"lookup_keys": ["growth_month"]}).data] == [new.id]
    assert world.fake.get(world.month)["lookup_key"] is None


def test_the_library_believes_the_signatures_also_while_a_secret_is_rolled() -> None:
    fake = FakeStripe(now=NOW, webhook_secrets=("whsec_new", "whsec_old"))
    client_of(fake).v1.customers.create({"email": "a@shop.test"})
    body, signature = fake.signed(fake.events[0])

    for secret in ("whsec_new", "whsec_old"):
        event = Webhook.construct_event(body, signature, secret, tolerance=10**10)
        assert (event.type, event.created) == ("customer.created", int(NOW.timestamp()))
    assert signature.count("v1=") == 2


def test_everything_survives_being_written_down(world: World, tmp_path: object) -> None:
    path = tmp_path / "state.json"  # type: ignore[operator]
    subscription = world.subscribe()
    world.fake.state.save(path)
    other = FakeStripe(now=NOW)

    other.state.load(path)
    other.advance(days=32)

    assert other.get(subscription)["status"] == "active"
    assert len(other.all("invoice")) == 2
    assert json.loads(path.read_text())["now"] == int(NOW.timestamp())
