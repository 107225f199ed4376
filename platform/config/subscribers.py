"""Who listens to which outbox topic. The relay in `tenants` calls them inside the shop's transaction, at least once."""

from tenants.relay import Listener

SUBSCRIBERS: dict[str, tuple[Listener, ...]] = {}
