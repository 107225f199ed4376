"""Who acts in a shop: said for a block of the program, bound to each tenant transaction that is opened in it.

The database keeps it as the setting `laxin.actor` of the transaction, where the triggers of the audit log
(`staff.audit`) find it. Nobody is said to act where storefronts and members ask; nothing is recorded there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

USER_AGENT_LENGTH = 200
PATH_LENGTH = 300

TASK, COMMAND = "system:task", "system:command"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where.

    `id` is `staff:<uuid>`, `operator:<name>`, `system:task` or `system:command`; `name` is what people read.
    """

    id: str
    name: str
    ip: str | None = None
    user_agent: str = ""
    path: str = ""

    def to_json(self) -> str:
        """As the triggers read it; the database keeps no NUL."""
        document = {
            "id": self.id,
            "name": self.name,
            "ip": self.ip,
            "agent": self.user_agent[:USER_AGENT_LENGTH],
            "path": self.path[:PATH_LENGTH],
        }
        return json.dumps({name: text and text.replace("\0", "") for name, text in document.items()})


def task_actor(name: str) -> Actor:
    """A background task, by its name (`coupons.tasks.expire_coupons`)."""
    return Actor(TASK, name)


def command_actor(words: str) -> Actor:
    """A command that an operator of the platform typed, by its first words (`shop suspend`)."""
    return Actor(COMMAND, f"laxin {words}")


_acting: ContextVar[Actor | None] = ContextVar("laxin_actor", default=None)


def find_acting() -> Actor | None:
    """Who acts in tenant transactions that are opened from here on."""
    return _acting.get()


@contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """Whatever tenant transaction the block opens is this actor's, None: nobody's. One that is open stays as it is."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)
