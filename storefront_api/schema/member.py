"""Members, joining, and the coupons that members hold."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import graphene
from coupons.errors import BatchNotFound
from coupons.selectors import get_coupon, list_member_coupons
from coupons.services import claim_coupon, grant_access
from coupons.types import ClaimedCoupon, CouponRow
from django.utils.translation import gettext as _
from graphene import ResolveInfo
from joining.selectors import get_link
from joining.services import join_member
from joining.types import LinkRow
from kernel.errors import NotFound
from kernel.ids import from_global_id, to_global_id
from members.selectors import get_member
from members.services import issue_token
from members.types import MemberRow, TokenRow

from storefront_api.access import Caller
from storefront_api.errors import NotSignedIn
from storefront_api.mutations import mutate, mutate_once
from storefront_api.schema.base import Node, make_connection, register_node, to_connection, user_errors
from storefront_api.schema.context import Context, get_context
from storefront_api.throttle import check_join_rate

CONSENT_VERSION = "api-1"


@dataclass(frozen=True, slots=True)
class ShownMember:
    """A member as one of its tokens sees it."""

    row: MemberRow
    token: TokenRow


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join gave, or gave before."""

    member: ShownMember
    token: str
    coupon: ClaimedCoupon | CouponRow | None
    already_member: bool


class CouponStatus(graphene.Enum):
    """Where a coupon stands."""

    ISSUED = "issued"
    LOCKED = "locked"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOID = "void"


@register_node(CouponRow, ClaimedCoupon)
class Coupon(graphene.ObjectType):
    """A member's coupon; `code` is what the cart or the counter wants."""

    class Meta:
        interfaces = (Node,)

    code = graphene.String(required=True)
    name = graphene.String(required=True)
    status = graphene.NonNull(CouponStatus)
    valid_until = graphene.DateTime()

    def resolve_id(root: CouponRow | ClaimedCoupon, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Coupon", root.id)


CouponConnection = make_connection(Coupon)


@register_node(ShownMember)
class Member(graphene.ObjectType):
    """A member of the shop; the phone number is masked. An unverified token sees only the coupons it came by."""

    class Meta:
        interfaces = (Node,)

    phone = graphene.String()
    coupons = graphene.NonNull(CouponConnection, first=graphene.Int(), after=graphene.String())

    def resolve_id(root: ShownMember, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Member", root.row.id)

    def resolve_phone(root: ShownMember, info: ResolveInfo) -> str | None:
        """Masked."""
        return root.row.phone

    def resolve_coupons(
        root: ShownMember, info: ResolveInfo, first: int | None = None, after: str | None = None
    ) -> Any:
        """The newest first, at most 100."""
        page = list_member_coupons(
            member_id=root.row.id,
            token_id=root.token.id,
            token_is_verified=root.token.is_verified,
            now=get_context(info).now,
            first=first,
            after=after,
        )
        return to_connection(page, lambda row: row)


class JoinLink(graphene.ObjectType):
    """What a printed code points at; `batch` is what `couponClaim` takes."""

    code = graphene.String(required=True)
    name = graphene.String(required=True)
    open = graphene.Boolean(required=True)
    coupon_name = graphene.String()
    batch = graphene.ID()

    def resolve_open(root: LinkRow, info: ResolveInfo) -> bool:
        """Whether people can join by it now."""
        return root.is_open

    def resolve_batch(root: LinkRow, info: ResolveInfo) -> str | None:
        """Global id."""
        return to_global_id("Batch", root.batch_id) if root.batch_id else None


class MemberJoinInput(graphene.InputObjectType):
    """Joining by a link. A shop without a policy for them ignores `otp` and `inviteCode`."""

    join_code = graphene.String(required=True)
    phone = graphene.String(required=True)
    otp = graphene.String()
    invite_code = graphene.String()
    idempotency_key = graphene.String(required=True)


class MemberJoinPayload(graphene.ObjectType):
    """The member and a token that speaks for it; `coupon` is null where none was left: the join stands."""

    member = graphene.Field(Member)
    token = graphene.String()
    coupon = graphene.Field(Coupon)
    already_member = graphene.Boolean()
    user_errors = user_errors()


class CouponClaimInput(graphene.InputObjectType):
    """A coupon batch, see `JoinLink.batch`."""

    batch = graphene.ID(required=True)
    idempotency_key = graphene.String(required=True)


class CouponPayload(graphene.ObjectType):
    """The coupon; null where the claim was refused."""

    coupon = graphene.Field(Coupon)
    user_errors = user_errors()


def find_coupon(context: Context, coupon_id: UUID) -> CouponRow | None:
    """A coupon that the caller may see."""
    token = context.caller.token
    if token is None:
        return None
    return get_coupon(
        coupon_id=coupon_id,
        member_id=token.member_id,
        token_id=token.id,
        token_is_verified=token.is_verified,
        now=context.now,
    )


def find_me(context: Context) -> ShownMember | None:
    """The member that the token speaks for."""
    token = context.caller.token
    return _show_member(token) if token else None


class MemberQueries(graphene.ObjectType):
    """Root fields of members and joining."""

    me = graphene.Field(Member)
    join_link = graphene.Field(JoinLink, code=graphene.String(required=True))

    def resolve_me(root: Any, info: ResolveInfo) -> ShownMember | None:
        """Null without a token."""
        return find_me(get_context(info))

    def resolve_join_link(root: Any, info: ResolveInfo, code: str) -> LinkRow | None:
        """Null where the code is unknown."""
        return get_link(code=code, now=get_context(info).now)


class MemberMutations(graphene.ObjectType):
    """Joining and claiming."""

    member_join = graphene.NonNull(MemberJoinPayload, input=MemberJoinInput(required=True))
    coupon_claim = graphene.NonNull(CouponPayload, input=CouponClaimInput(required=True))

    def resolve_member_join(root: Any, info: ResolveInfo, input: Any) -> dict[str, Any]:
        """Become a member, with the link's coupon."""
        context = get_context(info)
        check_join_rate(context.request, context.caller)
        payload = mutate_once(
            "joined",
            context,
            input,
            mutation="memberJoin",
            scope=context.caller.idempotency_scope(),
            work=lambda: _join(context, input),
            remember=lambda joined: {
                "member": str(joined.member.row.id),
                "coupon": str(joined.coupon.id) if joined.coupon else None,
                "already_member": joined.already_member,
            },
            again=lambda answer: _join_again(context, input, answer),
        )
        joined: Joined | None = payload["joined"]
        return {
            "member": joined and joined.member,
            "token": joined and joined.token,
            "coupon": joined and joined.coupon,
            "already_member": joined and joined.already_member,
            "user_errors": payload["user_errors"],
        }

    def resolve_coupon_claim(root: Any, info: ResolveInfo, input: Any) -> dict[str, Any]:
        """Claim a coupon for the member of the token."""
        context = get_context(info)
        token = context.caller.token
        if token is None:
            return mutate("coupon", _refuse_anonymous)

        def claim() -> ClaimedCoupon | CouponRow:
            batch_id = from_global_id(input.batch, "Batch")
            if batch_id is None:
                raise BatchNotFound(_("This coupon offer is not known here."), field=["batch"])
            return claim_coupon(batch_id=batch_id, member_id=token.member_id, token_id=token.id, now=context.now)

        def again(answer: dict[str, Any]) -> ClaimedCoupon | CouponRow:
            coupon = find_coupon(context, UUID(answer["coupon"]))
            if coupon is None:
                raise NotFound(_("There is no such coupon."), field=["batch"])
            return coupon

        return mutate_once(
            "coupon",
            context,
            input,
            mutation="couponClaim",
            scope=context.caller.idempotency_scope(),
            work=claim,
            remember=lambda coupon: {"coupon": str(coupon.id)},
            again=again,
        )


def _join(context: Context, input: Any) -> Joined:
    caller = context.caller
    result = join_member(
        code=input.join_code,
        phone=input.phone,
        region=context.shop.phone_region,
        token_secret=caller.token_secret,
        consent_version=CONSENT_VERSION,
        now=context.now,
    )
    return Joined(
        member=_show_member(_token_of(caller, result.member_id, result.token_id)),
        token=result.token_secret,
        coupon=result.coupon,
        already_member=not result.is_new_member,
    )


def _join_again(context: Context, input: Any, answer: dict[str, Any]) -> Joined:
    """The answer of before. The token of then is stored as a hash only, so a fresh one takes its place."""
    caller = context.caller
    member_id = UUID(answer["member"])
    if caller.token and caller.token.member_id == member_id and caller.token_secret:
        token, secret = caller.token, caller.token_secret
    else:
        token_id, secret = issue_token(member_id=member_id, is_verified=False, now=context.now)
        token = TokenRow(token_id, member_id, is_verified=False)
    coupon = None
    if answer["coupon"]:
        coupon_id = UUID(answer["coupon"])
        grant_access(coupon_id=coupon_id, token_id=token.id)
        coupon = get_coupon(
            coupon_id=coupon_id,
            member_id=member_id,
            token_id=token.id,
            token_is_verified=token.is_verified,
            now=context.now,
        )
    return Joined(member=_show_member(token), token=secret, coupon=coupon, already_member=answer["already_member"])


def _token_of(caller: Caller, member_id: UUID, token_id: int) -> TokenRow:
    """The token that a join answered with: the caller's own where it was kept, else a new, unverified one."""
    if caller.token and caller.token.id == token_id:
        return caller.token
    return TokenRow(token_id, member_id, is_verified=False)


def _show_member(token: TokenRow) -> ShownMember:
    row = get_member(member_id=token.member_id)
    if row is None:  # a token goes with its member
        raise LookupError(token.member_id)
    return ShownMember(row, token)


def _refuse_anonymous() -> ClaimedCoupon:
    raise NotSignedIn(_("Send the member's token in the header Authorization."))
