"""Everything the stand-in knows: objects as the API answers them, settings, the time; and its JSON form."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from fakes.stripe.errors import missing

Object = dict[str, Any]
AfterRetries = Literal["cancel", "unpaid", "past_due"]
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

PAGED = frozenset({"checkout.session", "billing_portal.session", "invoice"})
NOUNS = {
    "checkout.session": "checkout.session",
    "payment_method": "PaymentMethod",
    "payment_intent": "payment_intent",
}


@dataclass
class Settings:
    """What can be set besides Stripe's API.

    `after_retries`: what becomes of a subscription when the last retry failed; `retry_days`: days between attempts;
    `fail_payments`: so many next payments are declined; `fail_refunds`: so many refunds that are on their way for days
    come back; `faults`: what goes wrong with the next requests, in order:
    `"500 before"` and `"500 after"` the work was done, `"429"`, `"ok"`; `hold_events`: deliver none until told.
    """

    after_retries: AfterRetries = "cancel"
    retry_days: list[int] = field(default_factory=lambda: [3, 5, 7])
    fail_payments: int = 0
    fail_refunds: int = 0
    faults: list[str] = field(default_factory=list)
    hold_events: bool = False


@dataclass
class Delivery:
    """An event that is to be posted: after `attempts` failures not before `due` (seconds, real time)."""

    event: str
    attempts: int = 0
    due: float = 0.0


class State:
    """Guard every use with `lock`: one request, one movement of the clock at a time."""

    def __init__(self, *, now: int, salt: str, clock: Callable[[], int] | None = None) -> None:
        self.lock = threading.RLock()
        self.now = now
        self.salt = salt
        self.settings = Settings()
        self.objects: dict[str, Object] = {}
        self.kinds: dict[str, list[str]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.deliveries: list[Delivery] = []
        self.request: dict[str, str | None] = {"id": None, "idempotency_key": None}
        self.shift = 0
        self.address = "http://127.0.0.1"
        self._counter = 0
        self._clock = clock

    def moment(self) -> int:
        """The time it is: of the given clock, shifted; without one the time stands still."""
        return self._clock() + self.shift if self._clock else self.now

    def make_id(self, prefix: str) -> str:
        """A new identifier; the salt keeps those of two installations apart."""
        self._counter += 1
        number, digits = self._counter, ""
        while number:
            number, rest = divmod(number, 36)
            digits = DIGITS[rest] + digits
        return f"{prefix}_{self.salt}{digits.rjust(6, '0')}"

    def add(self, kind: str, prefix: str, nulls: str, /, **fields: Any) -> Object:
        """A new object of `kind`, kept; the names in `nulls` are there and null unless given."""
        made: Object = {"id": fields.pop("id", None) or self.make_id(prefix), "object": kind}
        made |= dict.fromkeys(nulls.split())
        made |= {"created": self.now, "livemode": False, **fields}
        self.objects[made["id"]] = made
        self.kinds.setdefault(kind, []).append(made["id"])
        return made

    def get(self, kind: str, identifier: str, *, param: str = "id") -> Object:
        """Raise StripeFault `resource_missing` where there is none of that kind."""
        found = self.objects.get(identifier)
        if found is None or found["object"] != kind:
            raise missing(NOUNS.get(kind, kind), identifier, param=param)
        return found

    def all(self, kind: str) -> Iterator[Object]:
        """Every object of a kind, oldest first."""
        for identifier in self.kinds.get(kind, ()):
            yield self.objects[identifier]

    def remove(self, made: Object) -> None:
        """Forget an object altogether (previews, tax ids)."""
        del self.objects[made["id"]]
        self.kinds[made["object"]].remove(made["id"])

    def version(self) -> int:
        """A number that changes with whatever happens: requests and events are counted."""
        return self._counter * 1000 + sum(each.attempts + 1 for each in self.deliveries) + self.shift

    def readdress(self, address: str) -> None:
        """Pages move with the server: what was kept from a run at another address is reached at this one."""
        for each in self.objects.values():
            for name in ("url", "hosted_invoice_url", "invoice_pdf"):
                if each["object"] in PAGED and isinstance(each.get(name), str):
                    each[name] = address + urlsplit(each[name]).path
        self.address = address

    def to_document(self) -> dict[str, Any]:
        """All of it, as JSON knows it."""
        return {
            "now": self.now,
            "salt": self.salt,
            "shift": self.shift,
            "counter": self._counter,
            "settings": asdict(self.settings),
            "objects": list(self.objects.values()),
            "answers": self.answers,
            "deliveries": [asdict(each) for each in self.deliveries],
        }

    def take_document(self, document: dict[str, Any]) -> None:
        """Become what `document` says; it is ours from now on."""
        self.now, self.salt, self.shift = document["now"], document["salt"], document["shift"]
        self._counter = document["counter"]
        self.settings = Settings(**document["settings"])
        self.answers = document["answers"]
        self.deliveries = [Delivery(**each) for each in document["deliveries"]]
        self.objects, self.kinds = {}, {}
        for each in document["objects"]:
            self.objects[each["id"]] = each
            self.kinds.setdefault(each["object"], []).append(each["id"])

    def save(self, path: Path) -> None:
        """Write everything to `path`, whole or not at all."""
        with self.lock:
            text = json.dumps(self.to_document())
        draft = path.with_name(f".{path.name}.draft")
        draft.write_text(text)
        os.replace(draft, path)

    def load(self, path: Path) -> None:
        """Take everything from `path`."""
        self.take_document(json.loads(path.read_text()))


def public(value: Any) -> Any:
    """A copy without the fields that are ours alone (names that begin with `_`)."""
    if isinstance(value, dict):
        return {name: public(each) for name, each in value.items() if not name.startswith("_")}
    if isinstance(value, list):
        return [public(each) for each in value]
    return value
