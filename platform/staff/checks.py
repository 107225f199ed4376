"""What must hold of a shop's people and keys, for `laxin doctor`."""

from collections.abc import Iterator

from kernel.ids import hash_secret

from staff.models import ApiKey, User


def check_owner() -> Iterator[str]:
    """A shop that nobody can sign in to is lost to its merchant."""
    if not User.objects.filter(role=User.Role.OWNER, is_active=True).exists():
        yield "No active owner."


def check_public_keys() -> Iterator[str]:
    """A public key's readable form and its hash belong together."""
    for key in ApiKey.objects.filter(kind=ApiKey.Kind.PUBLIC):
        if hash_secret(key.public_key) != key.key_hash:
            yield f"API key {key.pk} ({key.prefix}…): the stored key does not match its hash."
