"""The first steps on the console's first page: they tick by themselves, can be hidden, and need the permission."""

import io
from datetime import datetime

import pytest
from branding.selectors import get_logo
from catalog.models import Product
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from console.checklist import Checklist, get_checklist
from coupons.models import Batch
from coupons.services import create_batch
from coupons.types import BatchInput
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.response import HttpResponseBase
from joining.models import JoinLink
from joining.services import create_join_link
from onboarding.models import SampleRow
from onboarding.services import put_samples_in
from PIL import Image
from pytest_django import DjangoAssertNumQueries
from staff.models import AuditEntry, User

from tenants.models import Shop
from tests.conftest import ClientFor
from tests.support.shops import ShopClient

NOTHING = Checklist(
    has_samples=False,
    had_samples=False,
    has_logo=False,
    has_product=False,
    has_coupon=False,
    has_link=False,
    is_hidden=False,
)


@pytest.fixture
def owner(shop: Shop, client_for: ClientFor, owner_user: User) -> ShopClient:
    client = client_for(shop)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(owner_user)
    return client


def said(client: ShopClient) -> list[str]:
    """The messages that the first page shows."""
    return [str(each) for each in client.get("/console/").context["messages"]]


def text(response: HttpResponseBase) -> str:
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


def a_picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (600, 200), "#c2410c").save(out, format="PNG")
    return SimpleUploadedFile("logo.png", out.getvalue(), content_type="image/png")


def make_own(now: datetime) -> None:
    create_product(data=ProductInput(name="Own", variants=[VariantInput(sku="OWN", price_minor=100)]), now=now)
    batch = create_batch(data=BatchInput(name="Own", kind="amount", amount_minor=1, total=5, valid_days=3), now=now)
    create_join_link(name="Own", code="own", batch_id=batch, channel="", opens_at=None, closes_at=None, now=now)


@pytest.mark.usefixtures("shop")
def test_a_new_shop_has_everything_to_do_and_one_statement_says_so(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        assert get_checklist() == NOTHING
    assert (NOTHING.done, NOTHING.is_complete) == (0, False)


@pytest.mark.usefixtures("shop")
def test_samples_tick_their_own_step_alone(now: datetime) -> None:
    put_samples_in(industry="fresh", actor="staff:1", now=now)

    found = get_checklist()

    assert found.steps == [True, False, False, False, False]


@pytest.mark.usefixtures("shop")
def test_what_the_shop_made_itself_ticks(now: datetime) -> None:
    make_own(now)

    assert get_checklist().steps == [False, False, True, True, True]


@pytest.mark.usefixtures("shop")
def test_a_link_without_a_coupon_is_not_yet_a_code_to_print(now: datetime) -> None:
    create_join_link(name="Own", code="own", batch_id=None, channel="", opens_at=None, closes_at=None, now=now)

    assert not get_checklist().has_link


def test_samples_are_offered_beside_goods_of_ones_own_and_stay_counted_when_they_are_out(
    owner: ShopClient, now: datetime
) -> None:
    make_own(now)
    assert "Put samples in" in text(owner.get("/console/"))

    owner.post("/console/onboarding/samples/", {"industry": "beauty"})
    owner.post("/console/onboarding/samples/", {"take_out": "yes"})

    page = text(owner.get("/console/"))
    assert "4 of 5 done" in page
    assert "Put samples in" in page
    assert (get_checklist().has_samples, get_checklist().had_samples) == (False, True)


def test_the_first_page_shows_the_list_until_all_is_done(owner: ShopClient, now: datetime) -> None:
    assert "0 of 5 done" in text(owner.get("/console/"))
    make_own(now)
    assert "3 of 5 done" in text(owner.get("/console/"))

    owner.post("/console/logo/", {"logo": a_picture()})

    page = text(owner.get("/console/"))
    assert "of 5 done" not in page
    assert "Next step" in page


def test_one_click_puts_samples_in_and_one_takes_them_out(owner: ShopClient) -> None:
    response = owner.post("/console/onboarding/samples/", {"industry": "beauty"})
    assert (response.status_code, response.headers["Location"]) == (302, "/console/")
    assert said(owner) == ["The sample data is in: products with stock, a coupon and a join link to try out."]
    assert SampleRow.objects.count() == 8

    owner.post("/console/onboarding/samples/", {"take_out": "yes"})

    assert said(owner) == ["The sample data is out. Its products are archived, their stock written off."]
    assert SampleRow.objects.count() == 0
    assert not Product.objects.filter(status="active").exists()


def test_what_customers_used_is_named(owner: ShopClient) -> None:
    owner.post("/console/onboarding/samples/", {"industry": "beauty"})
    said(owner)
    owner.post(f"/j/{JoinLink.objects.get().code}", {"phone": "13812348000"})

    owner.post("/console/onboarding/samples/", {"take_out": "yes"})

    assert "2 things of it were used by customers; they are closed, and what they hold stays valid." in said(owner)
    assert Batch.objects.get().status == "paused"


def test_an_unknown_trade_is_asked_for_again(owner: ShopClient) -> None:
    owner.post("/console/onboarding/samples/", {"industry": "weapons"})

    assert said(owner) == ["Choose what you sell, so that the samples fit."]
    assert SampleRow.objects.count() == 0


def test_the_list_is_hidden_and_shown_again(owner: ShopClient) -> None:
    owner.post("/console/onboarding/checklist/")
    hidden = text(owner.get("/console/"))
    assert "of 5 done" not in hidden
    assert "Show the first steps again" in hidden

    owner.post("/console/onboarding/checklist/", {"show": "yes"})

    assert "0 of 5 done" in text(owner.get("/console/"))


def test_the_logo_is_on_the_pages_after_it(owner: ShopClient) -> None:
    assert "data:image/webp" not in text(owner.get("/console/"))

    response = owner.post("/console/logo/", {"logo": a_picture()})

    assert response.headers["Location"] == "/console/logo/"
    assert 'src="data:image/webp;base64,' in text(owner.get("/console/logo/"))
    assert get_logo() is not None
    owner.post("/console/logo/", {"remove": "yes"})
    assert get_logo() is None


def test_who_changed_the_logo_stands_in_the_audit_log(owner: ShopClient, owner_user: User) -> None:
    owner.post("/console/logo/", {"remove": "yes"})
    owner.post("/console/logo/", {"logo": a_picture()})
    owner.post("/console/logo/", {"logo": SimpleUploadedFile("a.png", b"hello")})
    owner.post("/console/logo/", {"remove": "yes"})

    entries = AuditEntry.objects.filter(subject="branding_logo").order_by("id")
    assert list(entries.values_list("event", "actor_name")) == [
        ("update", owner_user.email), ("delete", owner_user.email),
    ]  # fmt: skip
    assert "Logo: removed" in text(owner.get("/console/audit/"))


def test_what_is_no_picture_is_said_at_the_field(owner: ShopClient) -> None:
    response = owner.post("/console/logo/", {"logo": SimpleUploadedFile("a.png", b"hello")})

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["logo"]
    assert owner.post("/console/logo/").context["form"].errors.keys() == {"logo"}
    assert get_logo() is None


@pytest.mark.parametrize("path", ["/console/onboarding/samples/", "/console/onboarding/checklist/", "/console/logo/"])
def test_who_may_not_set_the_shop_up_sees_no_list_and_changes_nothing(
    owner: ShopClient, owner_user: User, path: str
) -> None:
    cashier = User.objects.create_user("cashier@north.example", "a-long-password", role="cashier")
    owner.force_login(cashier)

    response = owner.post(path, {"industry": "beauty", "logo": a_picture()})

    assert response.status_code == 403
    assert "of 5 done" not in text(owner.get("/console/"))
    assert get_checklist() == NOTHING
