"""The tenant transaction: the only place where a shop's tables can be read or written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django.db import connection, transaction

from tenants.actor import Actor, acting, find_acting
from tenants.backend.base import DatabaseWrapper
from tenants.errors import TenancyError
from tenants.models import Shop


def _wrapper() -> DatabaseWrapper:
    return cast(DatabaseWrapper, connection)


@contextmanager
def tenant_transaction(shop: Shop) -> Iterator[None]:
    """Run the block in one transaction inside `shop`: commit at its end, roll back when it raises.

    Inside a transaction that is open already it is a savepoint of it: the same shop's, or a public one that enters the
    shop for the length of the block. Raises TenancyError inside another shop's.
    """
    current = _wrapper()
    if current.shop is not None:
        if current.shop.schema_name != shop.schema_name:
            raise TenancyError(f"Inside {current.shop.schema_name}, {shop.schema_name} cannot be entered.")
        with transaction.atomic():
            yield
        return
    _open(current, shop, find_acting())
    try:
        yield
    except BaseException as error:
        _close(current, error)
        raise
    _close(current)


@contextmanager
def outside() -> Iterator[None]:
    """Commit, leave the tenant transaction for the block and open a new one after it: for calls over the network.

    Locks end with the commit. Who acts goes on acting, in the block and after it. Raises TenancyError inside a
    savepoint, which cannot be committed alone.
    """
    current, shop, actor = _wrapper(), current_shop(), find_actor()
    if current.atomic_blocks[-1] is not current.shop_block:
        raise TenancyError("outside() was called within a savepoint: call it from the transaction's outermost block.")
    _close(current)
    try:
        with acting(actor):
            yield
    finally:
        _open(current, shop, actor)


def act_as(actor: Actor | None) -> None:
    """Say for the rest of the tenant transaction, also after `outside()`, who acts; None: nobody. One statement."""
    current_shop()
    current = _wrapper()
    with current.cursor() as cursor:
        cursor.execute("SELECT set_config('laxin.actor', %s, true)", [actor.to_json() if actor else ""])
    current.actor = actor


def find_actor() -> Actor | None:
    """Who acts in the open tenant transaction, None where nobody is said to."""
    return _wrapper().actor


def find_current_shop() -> Shop | None:
    """The shop whose transaction is open, or None."""
    return cast(Shop | None, _wrapper().shop)


def current_shop() -> Shop:
    """The shop whose transaction is open. Raises TenancyError where none is."""
    shop = find_current_shop()
    if shop is None:
        raise TenancyError("No tenant transaction is open: wrap the call in tenant_transaction(shop).")
    return shop


def assert_tenant_transaction() -> None:
    """Raise TenancyError unless a tenant transaction is open; for services that nothing else would stop."""
    current_shop()


def _open(current: DatabaseWrapper, shop: Shop, actor: Actor | None) -> None:
    block = transaction.atomic()
    block.__enter__()
    try:
        current.enter_shop(shop, actor)
    except BaseException as error:
        block.__exit__(type(error), error, error.__traceback__)
        raise
    current.shop_block = block


def _close(current: DatabaseWrapper, error: BaseException | None = None) -> None:
    """Leave the shop, then commit or roll back: what hooks on the commit do is outside the shop."""
    block = current.shop_block
    assert block is not None
    try:
        if error is None and len(current.atomic_blocks) > 1:
            current.leave_shop()
    except BaseException as failure:
        error = failure
        raise
    finally:
        current.forget_shop()
        block.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)
