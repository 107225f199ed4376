"""What facts mean, as a table: every status at every step of the calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.plans import PLANS
from billing.standing import STATUSES, Awaited, Facts, Override, Standing, Term, judge

START = datetime(2026, 3, 4, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=number)


ON_TRIAL = Facts(trial_ends_at=day(14))
EXPIRED = Facts(status="incomplete_expired", plan="growth", trial_ends_at=day(14))
ACTIVE = Facts(status="active", plan="growth", trial_ends_at=day(14))
PAST_DUE = Facts(status="past_due", plan="growth", trial_ends_at=day(-30), past_due_since=day(0))
UNPAID = Facts(status="unpaid", plan="growth", trial_ends_at=day(-30), past_due_since=day(0))
CANCELLED = Facts(status="canceled", plan="growth", trial_ends_at=day(14), ended_at=day(0))
GIVEN_UP = Facts(status="canceled", plan="growth", trial_ends_at=day(-30), past_due_since=day(0), ended_at=day(0.5))
PREPAID = Facts(trial_ends_at=day(-30), terms=[Term("starter", day(0), day(365))])
GIVEN = Facts(trial_ends_at=day(-30), overrides=[Override("scale", day(0), day(60))])


@pytest.mark.parametrize(
    ("facts", "at", "access", "plan", "kind"),
    [
        (Facts(), 0, "open", "", None),  # made by hand
        (ON_TRIAL, 0, "open", "trial", "trial"),
        (ON_TRIAL, 13.99, "open", "trial", "trial"),
        (ON_TRIAL, 14, "read_only", "trial", "read_only"),
        (ON_TRIAL, 43.99, "read_only", "trial", "read_only"),
        (ON_TRIAL, 44, "suspended", "trial", "suspended"),
        (ACTIVE, 0, "open", "growth", None),
        (ACTIVE, 400, "open", "growth", None),
        (Facts(status="trialing", plan="scale"), 0, "open", "scale", None),
        (Facts(status="incomplete", plan="growth", trial_ends_at=day(14)), 1, "open", "trial", "trial"),
        (Facts(status="incomplete", plan="growth", trial_ends_at=day(14)), 14, "read_only", "trial", "read_only"),
        (Facts(status="incomplete", plan="growth"), 1, "open", "", None),
        (Facts(status="incomplete", plan="growth", ended_at=day(0)), 1, "read_only", "growth", "read_only"),
        (Facts(status="incomplete_expired", plan="growth", trial_ends_at=day(14)), 1, "open", "trial", "trial"),
        (
            Facts(status="incomplete_expired", plan="growth", trial_ends_at=day(14)),
            44,
            "suspended",
            "trial",
            "suspended",
        ),
        (PAST_DUE, 0, "open", "growth", "payment_failed"),
        (PAST_DUE, 13.99, "open", "growth", "payment_failed"),
        (PAST_DUE, 14, "read_only", "growth", "read_only"),
        (PAST_DUE, 27.99, "read_only", "growth", "read_only"),
        (PAST_DUE, 28, "suspended", "growth", "suspended"),
        (UNPAID, 0, "read_only", "growth", "read_only"),
        (UNPAID, 27.99, "read_only", "growth", "read_only"),
        (UNPAID, 28, "suspended", "growth", "suspended"),
        (GIVEN_UP, 0.5, "read_only", "growth", "read_only"),  # cancelled while it owed: there is nothing to keep
        (GIVEN_UP, 27.99, "read_only", "growth", "read_only"),
        (GIVEN_UP, 28, "suspended", "growth", "suspended"),
        (replace(GIVEN_UP, ended_at=day(59)), 59, "suspended", "growth", "suspended"),  # to be ended is no gift
        (CANCELLED, 0, "read_only", "growth", "read_only"),  # who subscribed has no trial any more
        (CANCELLED, 29.99, "read_only", "growth", "read_only"),
        (CANCELLED, 30, "suspended", "growth", "suspended"),
        (Facts(status="paused", plan="growth", trial_ends_at=day(14)), 0, "read_only", "growth", "read_only"),
        (Facts(status="paused", plan="growth", trial_ends_at=day(14)), 4000, "read_only", "growth", "read_only"),
        (Facts(status="hibernating", plan="growth", trial_ends_at=day(14)), 0, "read_only", "growth", "read_only"),
        (Facts(status="hibernating", plan="growth", trial_ends_at=day(14)), 4000, "read_only", "growth", "read_only"),
        (Facts(status="active", plan="", trial_ends_at=day(14)), 20, "read_only", "trial", "read_only"),
        (PREPAID, 0, "open", "starter", None),
        (PREPAID, 334.99, "open", "starter", None),
        (PREPAID, 335, "open", "starter", "prepaid_ending"),
        (PREPAID, 365, "read_only", "starter", "read_only"),
        (PREPAID, 395, "suspended", "starter", "suspended"),
        (GIVEN, 59.99, "open", "scale", None),
        (GIVEN, 60, "read_only", "scale", "read_only"),
        (GIVEN, 90, "suspended", "scale", "suspended"),
    ],
)
def test_every_status_at_every_step(facts: Facts, at: float, access: str, plan: str, kind: str | None) -> None:
    standing = judge(facts, day(at))
    assert (standing.access, standing.plan, standing.notice.get("kind")) == (access, plan, kind)


def test_all_eight_statuses_of_stripes_are_known() -> None:
    assert sorted(STATUSES - {""}) == sorted(
        ["active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"]
    )


def test_the_largest_of_what_is_paid_counts() -> None:
    terms, large = [Term("starter", day(0), day(365))], [Term("scale", day(0), day(365))]
    assert judge(Facts(status="active", plan="scale", terms=terms), day(1)).plan == "scale"
    assert judge(Facts(status="active", plan="starter", terms=large), day(1)).plan == "scale"
    assert judge(Facts(status="canceled", plan="scale", ended_at=day(0), terms=terms), day(1)).plan == "starter"
    assert judge(Facts(status="past_due", plan="scale", past_due_since=day(0), terms=terms), day(20)).access == "open"


def test_of_what_ended_at_the_same_instant_the_larger_plan_counts() -> None:
    terms = [Term("scale", day(-10), day(0), was_returned=True)]
    both = Facts(status="canceled", plan="starter", ended_at=day(0), terms=terms)
    assert judge(both, day(1)).plan == "scale"
    assert judge(replace(both, plan="scale", terms=[replace(terms[0], plan="starter")]), day(1)).plan == "scale"


def test_who_has_paid_for_what_is_still_to_come_is_not_suspended() -> None:
    ahead = replace(GIVEN_UP, terms=[Term("scale", day(200), day(565))])
    assert judge(ahead, day(150)).access == "read_only"
    assert judge(ahead, day(150)).next_review_at == day(200)
    assert judge(ahead, day(150)).notice == {"kind": "read_only", "cause": "payment_failed"}
    assert judge(ahead, day(200)).access == "open"


def test_while_money_is_on_its_way_nothing_is_lost_and_nothing_given() -> None:
    sent = replace(ON_TRIAL, awaited=Awaited(day(13), day(28)))
    assert judge(sent, day(15)).notice == {"kind": "payment_awaited", "at": day(28).isoformat()}
    assert (judge(sent, day(15)).access, judge(sent, day(15)).mail) == ("open", None)
    assert judge(sent, day(15)).next_review_at == day(28)
    assert judge(sent, day(28)).access == "read_only"
    late = replace(ON_TRIAL, awaited=Awaited(day(43), day(58)))
    assert (judge(late, day(43)).access, judge(late, day(50)).access) == ("read_only", "read_only")
    assert judge(late, day(58)).access == "suspended"


def test_an_override_wins_over_everything_until_it_ends() -> None:
    facts = Facts(status="canceled", plan="growth", ended_at=day(-200), overrides=[Override("starter", day(0), None)])
    assert judge(facts, day(500)) == Standing("open", "starter")
    ended = Facts(status="active", plan="scale", overrides=[Override("starter", day(0), day(5))])
    assert judge(ended, day(4)) == Standing("open", "starter", next_review_at=day(5))
    assert judge(ended, day(5)) == Standing("open", "scale")


def test_after_an_override_the_time_of_grace_begins_anew() -> None:
    given = [Override("growth", day(10), day(100))]
    due = Facts(status="past_due", plan="growth", past_due_since=day(0), overrides=given)
    assert judge(due, day(101)).notice == {"kind": "payment_failed", "at": day(114).isoformat()}
    cancelled = Facts(status="canceled", plan="growth", ended_at=day(0), overrides=given)
    assert judge(cancelled, day(101)).access == "read_only"
    assert judge(cancelled, day(130)).access == "suspended"


def test_a_shop_made_by_hand_is_no_customer_after_an_override() -> None:
    given = [Override("growth", day(0), day(10))]
    assert judge(Facts(overrides=given), day(11)) == Standing("open", "")


@pytest.mark.parametrize(
    ("facts", "at", "key", "context"),
    [
        (ON_TRIAL, 10.9, None, None),
        (ON_TRIAL, 11, "trial_ending:2026-03-18", {"days": 3, "date": day(14)}),
        (ON_TRIAL, 13.5, "trial_ending:2026-03-18", {"days": 1, "date": day(14)}),
        (ON_TRIAL, 14, "trial_ended:2026-03-18", {"date": day(44)}),
        (ON_TRIAL, 44, "suspended:2026-04-17", {"date": day(134)}),
        (PAST_DUE, 0, "payment_failed:2026-03-04:0", {"date": day(14)}),
        (PAST_DUE, 7, "payment_failed:2026-03-04:7", {"date": day(14)}),
        (PAST_DUE, 12, "payment_failed:2026-03-04:12", {"date": day(14)}),
        (PAST_DUE, 14, "read_only:2026-03-18", {"date": day(28)}),
        (CANCELLED, 0, "read_only:2026-03-04", {"date": day(30)}),
        (PREPAID, 335, "prepaid_ending:2027-03-04", {"days": 30, "date": day(365)}),
    ],
)
def test_each_step_has_its_mail(facts: Facts, at: float, key: str | None, context: dict[str, object] | None) -> None:
    mail = judge(facts, day(at)).mail
    assert (mail.key if mail else None) == key
    assert (mail.context if mail else None) == context


def test_deletion_is_announced_thirty_seven_and_one_day_before() -> None:
    warned = Facts(trial_ends_at=day(14), deletion_warned_at=day(104))
    steps = [(104, 30), (126.9, 30), (127, 7), (132.9, 7), (133, 1)]
    assert [judge(warned, day(at)).mail.key for at, _ in steps] == [  # type: ignore[union-attr]
        f"deletion_warning:2026-07-16:{step}" for _, step in steps
    ]
    assert not judge(warned, day(133.99)).is_to_be_deleted
    assert judge(warned, day(134)).is_to_be_deleted


def test_nothing_is_deleted_that_was_not_announced_a_month_before() -> None:
    """Where nobody looked for half a year the warnings come first."""
    late = judge(ON_TRIAL, day(300))
    assert not late.is_to_be_deleted
    assert late.warns_of_deletion
    assert late.notice["at"] == day(330).isoformat()
    warned = Facts(trial_ends_at=day(14), deletion_warned_at=day(300))
    assert not judge(warned, day(329.9)).is_to_be_deleted
    assert judge(warned, day(330)).is_to_be_deleted


def test_a_plan_that_is_no_longer_sold_is_not_without_limits() -> None:
    assert Standing("open", "bronze").limits == PLANS["growth"].limits
    assert Standing("open", "").limits == {}


MOMENTS = st.one_of(st.none(), st.integers(-400, 400).map(day))
FACTS = st.builds(
    Facts,
    status=st.sampled_from([*sorted(STATUSES), "hibernating"]),
    plan=st.sampled_from(["", "starter", "growth", "scale"]),
    trial_ends_at=MOMENTS,
    ends_at=MOMENTS,
    past_due_since=MOMENTS,
    ended_at=MOMENTS,
    deletion_warned_at=MOMENTS,
    terms=st.lists(st.integers(-400, 400).map(lambda n: Term("starter", day(n), day(n + 365))), max_size=1),
    overrides=st.lists(st.integers(-400, 400).map(lambda n: Override("scale", day(n), day(n + 30))), max_size=1),
)


@settings(max_examples=300, deadline=None)
@given(facts=FACTS, at=st.integers(-500, 900), hours=st.integers(0, 24 * 60))
def test_between_two_reviews_nothing_changes(facts: Facts, at: int, hours: int) -> None:
    """So it is enough to look again at `next_review_at`; and what is read-only or worse never opens by itself."""
    before = judge(facts, day(at))
    later = day(at) + timedelta(hours=hours)
    after = judge(facts, later)
    assert before.next_review_at is None or before.next_review_at > day(at)
    if before.next_review_at is None or later < before.next_review_at:
        assert (after.access, after.plan) == (before.access, before.plan)
