from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from members.errors import MemberNotFound
from members.models import Member, MemberToken
from members.selectors import get_member, get_member_facts, get_token
from members.services import (
    TOKEN_LIFETIME,
    get_or_create_member,
    issue_token,
    lock_member,
    record_order,
    renew_token,
    revoke_token,
)
from members.types import TokenRow

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.coupons import PHONE, make_member


def test_a_number_makes_one_member_in_one_statement_each_time(shop: Shop, now: datetime) -> None:
    with CaptureQueriesContext(connection) as statements:
        first = get_or_create_member(phone_e164=PHONE, now=now)
        again = get_or_create_member(phone_e164=PHONE, now=now + timedelta(days=1))

    assert first[1] is True
    assert again == (first[0], False)
    assert len(statements) == 2
    assert Member.objects.values_list("phone", "joined_at").get() == (PHONE, now)


def test_joining_again_leaves_the_member_as_it_was(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    Member.objects.filter(pk=member_id).update(name="李雷", tier="gold", orders=3, spent_minor=900)
    before = Member.objects.values().get()

    get_or_create_member(phone_e164=PHONE, now=now + timedelta(days=9))

    assert Member.objects.values().get() == before


def test_the_same_number_in_two_shops_is_two_members(shops: tuple[Shop, Shop], now: datetime) -> None:
    ids = []
    for shop in shops:
        with tenant_transaction(shop):
            ids.append(get_or_create_member(phone_e164=PHONE, now=now))

    assert ids[0][0] != ids[1][0]
    assert [is_new for _, is_new in ids] == [True, True]


def test_a_token_opens_its_member_and_its_secret_is_not_stored(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)

    token_id, secret = issue_token(member_id=member_id, is_verified=False, now=now)

    token = get_token(secret=secret, now=now)
    assert token is not None
    assert (token.id, token.member_id, token.is_verified) == (token_id, member_id, False)
    assert len(secret) >= 43
    assert secret not in str(MemberToken.objects.values().get())


def test_a_token_ends_after_ninety_days(shop: Shop, now: datetime) -> None:
    _, secret = issue_token(member_id=make_member(now), is_verified=True, now=now)

    assert timedelta(days=90) == TOKEN_LIFETIME
    assert get_token(secret=secret, now=now + TOKEN_LIFETIME - timedelta(seconds=1)) is not None
    assert get_token(secret=secret, now=now + TOKEN_LIFETIME) is None


def test_a_token_in_the_second_half_of_its_life_is_renewed(shop: Shop, now: datetime) -> None:
    token_id, secret = issue_token(member_id=make_member(now), is_verified=True, now=now)

    def read(at: datetime) -> TokenRow | None:
        return get_token(secret=secret, now=at)

    half = now + TOKEN_LIFETIME / 2
    young, ageing = read(half), read(half + timedelta(seconds=1))
    assert young is not None
    assert ageing is not None
    assert (young.is_ageing, ageing.is_ageing) == (False, True)
    renew_token(token_id=token_id, now=half)
    assert MemberToken.objects.get().expires_at == now + TOKEN_LIFETIME
    renew_token(token_id=token_id, now=half + timedelta(days=1))
    assert MemberToken.objects.get().expires_at == half + timedelta(days=91)


@pytest.mark.parametrize(
    "change", [{"expires_at": datetime(2026, 3, 1, tzinfo=UTC)}, {"revoked_at": datetime(2026, 3, 1, tzinfo=UTC)}]
)
def test_a_token_that_is_over_is_not_renewed(shop: Shop, now: datetime, change: dict[str, datetime]) -> None:
    token_id, secret = issue_token(member_id=make_member(now), is_verified=True, now=now)
    MemberToken.objects.update(**{"expires_at": now + timedelta(days=1), **change})

    renew_token(token_id=token_id, now=now)

    assert get_token(secret=secret, now=now) is None


def test_a_revoked_token_opens_nothing_and_other_tokens_go_on(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    token_id, secret = issue_token(member_id=member_id, is_verified=True, now=now)
    _, other = issue_token(member_id=member_id, is_verified=True, now=now)

    revoke_token(token_id=token_id, now=now)

    assert get_token(secret=secret, now=now) is None
    assert get_token(secret=other, now=now) is not None
    assert get_token(secret="made up", now=now) is None


def test_a_token_of_one_shop_is_unknown_in_another(shops: tuple[Shop, Shop], now: datetime) -> None:
    with tenant_transaction(shops[0]):
        _, secret = issue_token(member_id=make_member(now), is_verified=True, now=now)

    with tenant_transaction(shops[1]):
        assert get_token(secret=secret, now=now) is None


def test_a_member_is_shown_with_a_masked_number(shop: Shop, now: datetime) -> None:
    row = get_member(member_id=make_member(now))

    assert row is not None
    assert row.phone == "138****8000"
    assert get_member(member_id=uuid4()) is None


def test_the_facts_of_a_member_are_those_that_the_engine_reads(shop: Shop) -> None:
    joined_at = datetime(2026, 1, 4, 18, 30, tzinfo=UTC)  # in Shanghai it is the fifth already
    member_id = make_member(joined_at)
    Member.objects.filter(pk=member_id).update(tier="gold", tags=["vip"], birthday="05-12")
    record_order(member_id=member_id, total_minor=12_500)
    record_order(member_id=member_id, total_minor=0)

    assert get_member_facts(member_id=member_id, time_zone="Asia/Shanghai") == {
        "id": str(member_id),
        "tier": "gold",
        "tags": ["vip"],
        "segments": [],
        "joined_on": "2026-01-05",
        "birthday": "05-12",
        "orders": 2,
        "spent": 12_500,
    }


def test_unknown_members_are_told_apart_from_empty_ones(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)

    facts = get_member_facts(member_id=member_id)
    assert facts is not None
    assert (facts["tier"], facts["birthday"], facts["tags"], facts["orders"]) == (None, None, [], 0)
    assert get_member_facts(member_id=uuid4()) is None
    with pytest.raises(MemberNotFound):
        record_order(member_id=uuid4(), total_minor=1)
    with pytest.raises(MemberNotFound):
        lock_member(member_id=uuid4())
