"""Years that are paid in the stead of a subscription: nobody pays twice, and nobody who paid is closed."""

from datetime import UTC, datetime, timedelta

import pytest
from fakes.stripe import portal
from fakes.stripe.controls import decide, dispute

from billing import services
from billing.errors import AlreadySubscribed
from billing.models import Alert
from billing.purchases import describe_sale, find_credit
from tests.billing.conftest import Merchant


def cancel(merchant: Merchant) -> None:
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)


def pay_a_year(merchant: Merchant, plan: str = "growth") -> None:
    merchant.fake.pay(merchant.checkout(plan, prepay=True), way="alipay")
    merchant.deliver()


def owe(merchant: Merchant) -> datetime:
    """The renewal of a yearly subscription fails. Since when it owes."""
    merchant.subscribe("growth", "year")
    merchant.fake.settings.fail_payments = 9
    merchant.fake.settings.after_retries = "past_due"
    merchant.wait(days=368)
    assert merchant.account.status == "past_due"
    assert merchant.account.past_due_since
    return merchant.account.past_due_since


@pytest.mark.parametrize("after_retries", ["past_due", "unpaid"])
def test_who_owes_cancels_and_pays_a_year_is_open_at_once_and_owes_no_more(
    merchant: Merchant, after_retries: str
) -> None:
    owe(merchant)
    merchant.fake.settings.after_retries = after_retries  # type: ignore[assignment]
    merchant.wait(days=25)
    assert merchant.account.status == after_retries
    assert merchant.standing[0] == "read_only"
    merchant.fake.settings.fail_payments = 0

    cancel(merchant)
    pay_a_year(merchant)

    assert merchant.standing == ("open", "growth", {})
    assert merchant.account.terms[0].starts_at == merchant.fake.now
    assert merchant.account.status == "canceled"
    invoices = len(merchant.fake.all("invoice"))
    merchant.wait(days=300)
    assert merchant.standing[:2] == ("open", "growth")
    assert len(merchant.fake.all("invoice")) == invoices


def test_a_year_begins_earlier_where_what_it_waited_for_ended_earlier(merchant: Merchant) -> None:
    subscription = merchant.subscribe("growth")
    cancel(merchant)
    pay_a_year(merchant, "starter")
    assert merchant.account.terms[0].starts_at == datetime(2026, 4, 4, 12, tzinfo=UTC)
    merchant.wait(days=5)

    merchant.fake.request(
        "DELETE", f"/v1/subscriptions/{subscription}", {"Authorization": f"Bearer {merchant.fake.key}"}, ""
    )
    merchant.deliver()

    assert merchant.account.terms[0].starts_at == merchant.fake.now
    assert merchant.standing[:2] == ("open", "starter")


def test_what_goes_on_cannot_be_replaced_any_more(merchant: Merchant) -> None:
    """Two tabs: in one the page of a year is open, in the other the cancellation is taken back."""
    merchant.subscribe()
    cancel(merchant)
    page = merchant.checkout("growth", prepay=True)

    services.resume_subscription(shop=merchant.shop, now=merchant.fake.now)

    assert merchant.fake.get(page)["status"] == "expired"
    assert merchant.account.ends_at is None


def test_what_was_paid_in_the_moment_before_is_not_taken_back(
    merchant: Merchant,
) -> None:
    merchant.subscribe()
    cancel(merchant)
    merchant.fake.pay(merchant.checkout("growth", prepay=True), way="alipay")  # nobody told us yet

    with pytest.raises(AlreadySubscribed, match="2026-04-04"):
        services.resume_subscription(shop=merchant.shop, now=merchant.fake.now)

    assert merchant.account.ends_at == datetime(2026, 4, 4, 12, tzinfo=UTC)


def renew_in_the_portal(merchant: Merchant) -> None:
    session = {"customer": merchant.account.customer_id}
    with merchant.fake.state.lock:
        portal.change_cancellation(merchant.fake.state, session, merchant.account.subscription_id, cancel=False)
    merchant.deliver()


def test_a_renewal_in_the_portal_closes_the_page_of_the_year(merchant: Merchant) -> None:
    merchant.subscribe()
    cancel(merchant)
    page = merchant.checkout("growth", prepay=True)
    renew_in_the_portal(merchant)
    assert merchant.fake.get(page)["status"] == "expired"


def test_the_page_of_a_year_instead_of_a_debt_closes_when_the_debt_is_paid(merchant: Merchant) -> None:
    """It would begin at once, beside a period that is paid by now."""
    owe(merchant)
    cancel(merchant)
    page = merchant.checkout("growth", prepay=True)
    merchant.fake.settings.fail_payments = 0
    [invoice] = [each["id"] for each in merchant.fake.all("invoice") if each["status"] == "open"]

    merchant.fake.request(
        "POST", f"/v1/invoices/{invoice}/pay", {"Authorization": f"Bearer {merchant.fake.key}"}, "off_session=false"
    )
    merchant.deliver()

    assert merchant.account.status == "active"
    assert merchant.fake.get(page)["status"] == "expired"


def test_a_renewal_after_the_year_was_paid_is_told_to_a_person(merchant: Merchant) -> None:
    subscription = merchant.subscribe()
    cancel(merchant)
    pay_a_year(merchant)

    renew_in_the_portal(merchant)

    assert list(Alert.objects.filter(resolved_at=None).values_list("key", flat=True)) == [f"pays_twice:{subscription}"]
    cancel(merchant)
    assert not Alert.objects.filter(resolved_at=None).exists()


@pytest.mark.parametrize("again", ["compared", "goes to pay"])
def test_who_was_deleted_at_stripe_has_ended_and_not_never_begun(merchant: Merchant, again: str) -> None:
    """However often it is compared afterwards, and with a new customer too."""
    merchant.subscribe()
    merchant.wait(days=200)
    services.review_accounts(now=merchant.fake.now)
    customer = merchant.account.customer_id
    merchant.fake.request("DELETE", f"/v1/customers/{customer}", {"Authorization": f"Bearer {merchant.fake.key}"}, "")
    deleted_at = merchant.fake.now
    merchant.deliver()
    assert merchant.standing[:2] == ("read_only", "growth")

    if again == "goes to pay":
        merchant.checkout("scale")
    merchant.wait(days=1)
    services.reconcile(now=merchant.fake.now)

    access, plan, notice = merchant.standing
    assert (access, plan) == ("read_only", "growth")
    assert notice["at"] == (deleted_at + timedelta(days=30)).isoformat()
    assert merchant.account.status == "canceled"


def test_to_be_ended_for_want_of_payment_opens_nothing(merchant: Merchant) -> None:
    owed_since = owe(merchant)
    merchant.wait(days=30)
    assert merchant.standing[0] == "suspended"

    merchant.fake.request(
        "DELETE",
        f"/v1/subscriptions/{merchant.account.subscription_id}",
        {"Authorization": f"Bearer {merchant.fake.key}"},
        "",
    )
    merchant.deliver()

    assert merchant.account.status == "canceled"
    assert merchant.standing[0] == "suspended"
    assert merchant.standing[2]["at"] == (owed_since + timedelta(days=28 + 90)).isoformat()


def test_a_larger_year_counts_at_once_and_what_is_left_of_the_smaller_is_deducted(merchant: Merchant) -> None:
    """Also for who pays by a wallet, which cannot be charged again and again."""
    pay_a_year(merchant, "starter")
    merchant.wait(days=60)
    account, now = merchant.account, merchant.fake.now
    assert describe_sale(account, plan="scale", now=now).credit_minor == 99000 * 305 // 365

    pay_a_year(merchant, "scale")

    assert merchant.standing[:2] == ("open", "scale")
    assert merchant.fake.all("charge")[-1]["amount"] == 899000 - 82726
    assert merchant.account.paid_until == datetime(2027, 5, 3, 12, tzinfo=UTC)
    pay_a_year(merchant, "scale")  # a further year of the same follows on
    assert merchant.account.paid_until == datetime(2028, 5, 3, 12, tzinfo=UTC)


def test_the_next_larger_year_deducts_what_the_former_was_worth(merchant: Merchant) -> None:
    pay_a_year(merchant, "starter")
    merchant.wait(days=100)
    pay_a_year(merchant, "growth")
    merchant.wait(days=100)
    account = merchant.account
    assert find_credit(account, plan="scale", now=merchant.fake.now) == 299000 * 265 // 365
    assert find_credit(account, plan="starter", now=merchant.fake.now) == 0


def test_a_larger_year_whose_money_went_back_leaves_the_smaller_one(merchant: Merchant) -> None:
    pay_a_year(merchant, "starter")
    merchant.wait(days=60)
    pay_a_year(merchant, "growth")
    merchant.wait(days=10)
    charge = merchant.fake.all("charge")[-1]["id"]

    merchant.fake.request("POST", "/v1/refunds", {"Authorization": f"Bearer {merchant.fake.key}"}, f"charge={charge}")
    merchant.deliver()

    assert merchant.standing == ("open", "starter", {})
    assert merchant.account.paid_until == datetime(2027, 3, 4, 12, tzinfo=UTC)


def test_while_the_money_is_on_its_way_by_bank_the_trial_does_not_end(merchant: Merchant) -> None:
    merchant.wait(days=13)
    merchant.fake.pay(merchant.checkout("growth", prepay=True), way="us_bank_account")
    merchant.deliver()
    merchant.wait(days=1.5)
    assert (merchant.standing[0], merchant.standing[2]["kind"]) == ("open", "payment_awaited")
    merchant.wait(days=1)
    assert merchant.standing == ("open", "growth", {})


def test_money_that_did_not_come_is_waited_for_no_longer(merchant: Merchant) -> None:
    merchant.wait(days=13)
    merchant.fake.pay(merchant.checkout("growth", prepay=True), way="us_bank_account")
    merchant.fake.settings.fail_payments = 1
    merchant.wait(days=1.5)
    assert merchant.standing[0] == "open"
    merchant.wait(days=1)
    assert merchant.standing[:2] == ("read_only", "trial")


def test_what_was_refunded_or_is_disputed_is_not_deducted(merchant: Merchant) -> None:
    pay_a_year(merchant, "starter")
    charge, headers = merchant.fake.all("charge")[-1]["id"], {"Authorization": f"Bearer {merchant.fake.key}"}
    merchant.fake.request("POST", "/v1/refunds", headers, f"charge={charge}&amount=50000")
    merchant.wait(days=60)
    assert find_credit(merchant.account, plan="growth", now=merchant.fake.now) == 49000 * 305 // 365

    asked_back = dispute(merchant.fake, charge)
    merchant.deliver()
    assert find_credit(merchant.account, plan="growth", now=merchant.fake.now) == 0
    decide(merchant.fake, asked_back["id"], "won")
    merchant.deliver()
    assert find_credit(merchant.account, plan="growth", now=merchant.fake.now) == 49000 * 305 // 365
