"""What must hold of a shop's people and keys, for `laxin doctor`."""

from collections.abc import Iterator

from kernel.ids import hash_secret
from kernel.usage import find_miscount

from staff.models import ApiKey, Role, User
from staff.permissions import BUILT_IN, OWNER
from tenants.doctor import invariant


@invariant("staff.every_shop_has_an_owner")
def find_missing_owner() -> Iterator[str]:
    """A shop that nobody can sign in to is lost to its merchant."""
    if not User.objects.filter(role=OWNER, is_active=True).exists():
        yield "There is no active owner."


@invariant("staff.public_keys_match_their_hash")
def find_mismatched_keys() -> Iterator[str]:
    """The readable form of a public key is the key that storefronts are let in by."""
    for key in ApiKey.objects.filter(kind=ApiKey.Kind.PUBLIC):
        if hash_secret(key.public_key) != key.key_hash:
            yield f"API key {key.pk} ({key.prefix}…) does not match its hash."


@invariant("staff.usage_counts_who_can_sign_in")
def find_miscounted_staff() -> Iterator[str]:
    """What the plan's limit is held against is how many people can sign in."""
    yield from find_miscount("staff", "SELECT count(*) FROM staff_user WHERE is_active")


@invariant("staff.roles_exist")
def find_missing_roles() -> Iterator[str]:
    """Who has a role that is gone may do nothing."""
    codes = set(Role.objects.values_list("code", flat=True)) | set(BUILT_IN)
    for role in User.objects.exclude(role__in=codes).values_list("role", flat=True).distinct():
        yield f"Somebody has the role {role}, which is not there."
