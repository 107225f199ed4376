"""Joining, members and their coupons by HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from coupons.models import Batch, Coupon
from joining.models import Join, JoinLink
from kernel.ids import to_global_id
from kernel.models import IdempotencyKey
from members.models import Member, MemberToken
from members.services import issue_token, revoke_token

from tenants.transaction import current_shop
from tests.storefront_api.documents import CLAIM, JOIN
from tests.support.coupons import make_batch, make_link
from tests.support.statements import statements
from tests.support.storefront import Storefront

PHONE = "13800138000"
ME = "{ me { id phone coupons { edges { node { id code name status } } pageInfo { hasNextPage } } } }"
COUPON_NODE = "query($id: ID!) { node(id: $id) { ... on Coupon { code } ... on Member { phone } } }"


@pytest.fixture(autouse=True)
def _link(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_link(now, make_batch(now))


def join(storefront: Storefront, **changes: Any) -> dict[str, Any]:
    return storefront.mutate(JOIN, **{"joinCode": "welcome", "phone": PHONE, "idempotencyKey": "k", **changes})


def coupons_of(storefront: Storefront) -> list[str]:
    return [edge["node"]["code"] for edge in storefront.run(ME)["me"]["coupons"]["edges"]]


def give_verified_token(storefront: Storefront, now: datetime) -> Storefront:
    with storefront.inside():
        _, secret = issue_token(member_id=Member.objects.get().id, is_verified=True, now=now)
    return storefront.as_member(secret)


def test_joining_makes_a_member_with_the_links_coupon_and_a_token(storefront: Storefront) -> None:
    joined = join(storefront)

    assert joined["userErrors"] == []
    assert joined["alreadyMember"] is False
    assert joined["member"]["phone"] not in (None, PHONE)
    assert joined["member"]["phone"].endswith(PHONE[-4:])
    assert (joined["coupon"]["name"], joined["coupon"]["status"]) == ("新人券", "ISSUED")
    me = storefront.as_member(joined["token"]).run(ME)["me"]
    assert me["id"] == joined["member"]["id"]
    assert [edge["node"]["id"] for edge in me["coupons"]["edges"]] == [joined["coupon"]["id"]]
    with storefront.inside():
        assert Member.objects.get().phone == f"+86{PHONE}"
        assert Join.objects.count() == 1
        assert not MemberToken.objects.get().is_verified


def test_the_same_key_gives_the_same_answer_with_a_fresh_token_that_works(storefront: Storefront) -> None:
    first = join(storefront)
    with storefront.inside():
        JoinLink.objects.update(status="closed")  # what happened since does not change the answer

    again = join(storefront)

    assert again["token"] != first["token"]
    assert {**again, "token": None} == {**first, "token": None}
    assert coupons_of(storefront.as_member(again["token"])) == [first["coupon"]["code"]]
    assert coupons_of(storefront.as_member(first["token"])) == [first["coupon"]["code"]]
    with storefront.inside():
        assert (Member.objects.count(), Coupon.objects.count(), Join.objects.count()) == (1, 1, 1)


def test_no_secret_is_stored_with_the_key(storefront: Storefront) -> None:
    joined = join(storefront)

    with storefront.inside():
        stored = str(IdempotencyKey.objects.values().get())
    assert joined["token"] not in stored
    assert PHONE not in stored


def test_the_same_key_with_another_number_is_a_mismatch(storefront: Storefront) -> None:
    join(storefront)

    refused = storefront.refuse(JOIN, joinCode="welcome", phone="13900139000", idempotencyKey="k")

    assert refused == [("IDEMPOTENCY_MISMATCH", ["idempotencyKey"])]
    with storefront.inside():
        assert Member.objects.count() == 1


def test_joining_again_finds_the_member_and_the_coupon(storefront: Storefront) -> None:
    first = join(storefront)

    again = join(storefront, idempotencyKey="other")

    assert again["alreadyMember"] is True
    assert (again["member"], again["coupon"]) == (first["member"], first["coupon"])


def test_a_member_who_joins_by_another_link_keeps_the_token(storefront: Storefront, now: datetime) -> None:
    member = storefront.as_member(join(storefront)["token"])
    with storefront.inside():
        make_link(now, make_batch(now, name="第二张"), code="second")

    again = join(member, joinCode="second", idempotencyKey="second")

    assert again["token"] == member.token
    assert len(coupons_of(member)) == 2
    assert join(member, joinCode="second", idempotencyKey="second") == again


def test_when_no_coupon_is_left_the_join_stands_without_one(storefront: Storefront) -> None:
    with storefront.inside():
        Batch.objects.update(total=1)
    join(storefront)

    joined = join(storefront, phone="13900139000", idempotencyKey="second")

    assert joined["userErrors"] == []
    assert joined["coupon"] is None
    assert joined["alreadyMember"] is False
    assert storefront.as_member(joined["token"]).run(ME)["me"]["coupons"]["edges"] == []
    assert join(storefront, phone="13900139000", idempotencyKey="second")["coupon"] is None


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"joinCode": "nowhere"}, ("NOT_FOUND", ["joinCode"])),
        ({"phone": "12"}, ("INVALID", ["phone"])),
        ({"phone": ""}, ("INVALID", ["phone"])),
        ({"idempotencyKey": ""}, ("INVALID", ["idempotencyKey"])),
    ],
)
def test_a_refused_join_leaves_nothing(
    storefront: Storefront, changes: dict[str, str], refusal: tuple[str, list[str]]
) -> None:
    refused = storefront.refuse(JOIN, **{"joinCode": "welcome", "phone": PHONE, "idempotencyKey": "k", **changes})

    assert refused == [refusal]
    with storefront.inside():
        counts = (Member.objects.count(), MemberToken.objects.count(), IdempotencyKey.objects.count())
        assert counts == (0, 0, 0)


def test_a_closed_link_lets_nobody_join(storefront: Storefront) -> None:
    with storefront.inside():
        JoinLink.objects.update(status="closed")

    assert storefront.run('{ joinLink(code: "welcome") { open couponName } }') == {
        "joinLink": {"open": False, "couponName": "新人券"}
    }
    refused = storefront.refuse(JOIN, joinCode="welcome", phone=PHONE, idempotencyKey="k")
    assert refused == [("EXPIRED", ["joinCode"])]


def test_an_unknown_link_is_null(storefront: Storefront) -> None:
    assert storefront.run('{ joinLink(code: "nowhere") { name } me { id } }') == {"joinLink": None, "me": None}


def test_an_unverified_token_sees_only_what_came_with_it(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_link(now, make_batch(now, name="另一张"), code="other")
    first = join(storefront)
    # The same number typed on another device, by whoever it is.
    second = join(storefront, joinCode="other", idempotencyKey="other")
    intruder = storefront.as_member(second["token"])

    assert coupons_of(intruder) == [second["coupon"]["code"]]
    assert intruder.run(COUPON_NODE, id=first["coupon"]["id"]) == {"node": None}
    assert intruder.run(COUPON_NODE, id=second["coupon"]["id"])["node"] == {"code": second["coupon"]["code"]}
    assert storefront.run(COUPON_NODE, id=second["coupon"]["id"]) == {"node": None}
    verified = give_verified_token(storefront, now)
    assert set(coupons_of(verified)) == {first["coupon"]["code"], second["coupon"]["code"]}
    assert verified.run(COUPON_NODE, id=first["member"]["id"])["node"]["phone"]
    assert storefront.run(COUPON_NODE, id=first["member"]["id"]) == {"node": None}


def test_a_members_coupons_come_in_pages(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        Batch.objects.update(per_member_limit=3)
        batch = to_global_id("Batch", Batch.objects.get().id)
    member = storefront.as_member(join(storefront)["token"])
    for number in range(2):
        member.mutate(CLAIM, batch=batch, idempotencyKey=f"c{number}")
    page = """
      query($after: String) {
        me { coupons(first: 2, after: $after) { edges { node { code } } pageInfo { hasNextPage endCursor } } }
      }
    """

    first = member.run(page)["me"]["coupons"]
    second = member.run(page, after=first["pageInfo"]["endCursor"])["me"]["coupons"]

    assert (len(first["edges"]), first["pageInfo"]["hasNextPage"]) == (2, True)
    assert (len(second["edges"]), second["pageInfo"]["hasNextPage"]) == (1, False)
    too_many = member.post("{ me { coupons(first: 101) { edges { node { code } } } } }")
    assert (too_many.status, too_many.codes) == (200, ["INVALID"])
    assert too_many.body["errors"][0]["extensions"]["field"] == ["first"]


def test_a_coupon_can_be_claimed_up_to_the_limit_and_once_a_key(storefront: Storefront, now: datetime) -> None:
    member = storefront.as_member(join(storefront)["token"])
    with storefront.inside():
        batch = to_global_id("Batch", make_batch(now, name="领券中心"))

    first = member.mutate(CLAIM, batch=batch, idempotencyKey="c")

    assert first["coupon"]["status"] == "ISSUED"
    assert member.mutate(CLAIM, batch=batch, idempotencyKey="c") == first
    assert member.refuse(CLAIM, batch=batch, idempotencyKey="d") == [("LIMIT_REACHED", ["batch"])]
    assert len(coupons_of(member)) == 2


def test_an_answer_is_not_given_again_to_a_token_that_may_not_see_it(storefront: Storefront, now: datetime) -> None:
    member = storefront.as_member(join(storefront)["token"])
    with storefront.inside():
        batch = to_global_id("Batch", make_batch(now, name="领券中心"))
    member.mutate(CLAIM, batch=batch, idempotencyKey="c")
    intruder = storefront.as_member(join(storefront, idempotencyKey="intruder")["token"])

    assert intruder.refuse(CLAIM, batch=batch, idempotencyKey="c") == [("NOT_FOUND", ["batch"])]


def test_claims_that_cannot_be_made_are_refused(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        closing = make_batch(now, claim_until=now + timedelta(days=1))
        Batch.objects.filter(pk=closing).update(claim_until=now)
        over = to_global_id("Batch", closing)
        sold_out = make_batch(now, total=1)
        Batch.objects.filter(pk=sold_out).update(issued=1)
    member = storefront.as_member(join(storefront)["token"])

    assert member.refuse(CLAIM, batch=over, idempotencyKey="a") == [("EXPIRED", ["batch"])]
    assert member.refuse(CLAIM, batch=to_global_id("Batch", sold_out), idempotencyKey="b") == [
        ("LIMIT_REACHED", ["batch"])
    ]
    assert member.refuse(CLAIM, batch="nonsense", idempotencyKey="c") == [("NOT_FOUND", ["batch"])]
    assert storefront.refuse(CLAIM, batch=over, idempotencyKey="d") == [("UNAUTHENTICATED", None)]


def test_a_token_that_is_used_after_two_months_lives_on_and_is_written_once(
    storefront: Storefront, now: datetime
) -> None:
    member = storefront.as_member(join(storefront)["token"])
    with storefront.inside():
        MemberToken.objects.update(expires_at=now + timedelta(days=30))

    written = []
    for _ in range(2):
        with statements() as found:
            member.run(ME)
        written.append(sum(sql.startswith("UPDATE") for sql in found))

    assert written == [1, 0]
    with storefront.inside():
        assert MemberToken.objects.get().expires_at > now + timedelta(days=89)


def test_a_token_that_is_unknown_revoked_or_past_its_date_is_401(storefront: Storefront, now: datetime) -> None:
    member = storefront.as_member(join(storefront)["token"])
    assert member.run(ME)["me"]
    with storefront.inside():
        MemberToken.objects.update(expires_at=now)
    assert (member.post(ME).status, member.post(ME).codes) == (401, ["TOKEN_INVALID"])
    with storefront.inside():
        MemberToken.objects.update(expires_at=now + timedelta(days=1))
        revoke_token(token_id=MemberToken.objects.get().id, now=now)

    assert member.post(ME).status == 401
    assert storefront.as_member("nonsense").post(ME).status == 401
    assert storefront.post(ME, None, Authorization="Basic eDp5").codes == ["TOKEN_INVALID"]


def test_a_join_is_at_most_12_statements(storefront: Storefront) -> None:
    storefront.run("{ shop { name } }")  # the key is remembered from now on

    with statements() as found:
        join(storefront)

    assert len(found) <= 12, found


def test_a_full_shop_refuses_new_members_with_a_code_and_words_for_customers(storefront: Storefront) -> None:
    join(storefront)
    with storefront.inside():
        current_shop().limits = {"members": 1}
        refused = join(storefront, phone="13900139000", idempotencyKey="other")
        again = join(storefront, idempotencyKey="third")

    [error] = refused["userErrors"]
    assert (refused["member"], error["code"], error["field"]) == (None, "PLAN_LIMIT", None)
    assert again["alreadyMember"] is True
    with storefront.inside():
        assert Member.objects.count() == 1
