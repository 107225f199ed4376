"""What must hold of a shop's members, for `laxin doctor`."""

from collections.abc import Iterator

from kernel.usage import find_miscount

from tenants.doctor import invariant


@invariant("members.usage_counts_them")
def find_miscounted_members() -> Iterator[str]:
    """What the plan's limit is held against is how many members there are."""
    yield from find_miscount("members", "SELECT count(*) FROM members_member")
