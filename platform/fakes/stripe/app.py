"""The stand-in as one object: call `request` or mount it as a WSGI application."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from fakes.stripe import (  # noqa: F401  each module registers its operations
    catalog,
    charges,
    checkout,
    clock,
    controls,
    customers,
    disputes,
    invoices,
    pages,
    portal,
    preview,
    reading,
    refunds,
    routing,
    schedules,
    subscriptions,
)
from fakes.stripe.delivery import Deliverer
from fakes.stripe.errors import StripeFault
from fakes.stripe.events import API_VERSION
from fakes.stripe.parameters import parse
from fakes.stripe.signing import sign
from fakes.stripe.state import Object, Settings, State, public

Answer = tuple[int, dict[str, str], str]
KEY = "sk_test_stand_in"
WEBHOOK_SECRET = "whsec_stand_in"  # noqa: S105  opens nothing


class FakeStripe:
    """Stripe, as far as Laxin speaks to it.

    Without `clock` its time stands at `now` until `advance` moves it; with one (seconds since the epoch) it follows.
    `key` is the API key it takes, `webhook_secrets` sign its events, `address` is where browsers reach its pages.
    """

    def __init__(
        self,
        *,
        now: datetime | None = None,
        clock: Callable[[], int] | None = None,
        key: str = KEY,
        webhook_secrets: Sequence[str] = (WEBHOOK_SECRET,),
        address: str = "http://127.0.0.1",
        salt: str = "",
    ) -> None:
        begin = int((now or datetime.now(UTC)).timestamp())
        self.state = State(now=begin, salt=salt, clock=clock)
        self.state.address = address
        self.key = key
        self.deliverer: Deliverer | None = None
        self.webhook_secrets = tuple(webhook_secrets)

    # For tests and the controls

    @property
    def settings(self) -> Settings:
        """What goes wrong, and how retries end."""
        return self.state.settings

    @property
    def now(self) -> datetime:
        """Its time."""
        return datetime.fromtimestamp(self.state.now, UTC)

    def advance(self, *, to: datetime | None = None, days: float = 0, seconds: float = 0) -> None:
        """Let time pass: trials end, periods are billed, payments retried, each at its moment.

        Raise ValueError for a time that is over: what was done then cannot be taken back.
        """
        with self.state.lock:
            begin = self.state.moment() if to is None else int(to.timestamp())
            moment = begin + int(days * 86400 + seconds)
            if moment < self.state.moment():
                raise ValueError("the clock cannot go back")
            self.state.shift += moment - self.state.moment()
            clock.advance(self.state, moment)

    def catch_up(self) -> None:
        """Do what has come due by the clock that it follows."""
        with self.state.lock:
            clock.advance(self.state, self.state.moment())

    @property
    def events(self) -> list[Object]:
        """Every event so far, oldest first."""
        return [public(event) for event in self.state.all("event")]

    def signed(self, event: Object, *, timestamp: int | None = None) -> tuple[bytes, str]:
        """The body and the `Stripe-Signature` header that deliver an event; signed now unless told otherwise."""
        body = json.dumps(public(event), separators=(",", ":")).encode()
        return body, sign(body, self.webhook_secrets, timestamp=timestamp or self.state.now)

    def get(self, identifier: str) -> Object:
        """The object of an identifier, as the API answers it."""
        found: Object = public(self.state.objects[identifier])
        return found

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind (`"subscription"`), oldest first."""
        return [public(each) for each in self.state.all(kind)]

    def pay(self, session: str, *, card: str = "4242424242424242", way: str = "card") -> Object:
        """Fill in and send the pay page of a checkout session. Raise StripeFault where the card is declined."""
        with self.state.lock:
            paid: Object = public(checkout.pay(self.state, session, way=way, card=card))
            return paid

    # Stripe's API

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str = "") -> Answer:
        """Answer one request of the API: status, headers, JSON."""
        with self.state.lock:
            self.catch_up()
            request_id = self.state.make_id("req")
            headers = {name.lower(): value for name, value in headers.items()}
            self.state.request = {"id": request_id, "idempotency_key": headers.get("idempotency-key")}
            try:
                fault = self.settings.faults.pop(0) if self.settings.faults else "ok"
                self._check(headers, fault)
                document, status, replayed = self._answer_once(method, url, headers, body)
                if fault == "500 after":
                    raise StripeFault("An unknown error occurred", status=500, kind="api_error")
            except StripeFault as refusal:
                document, status, replayed = refusal.document, refusal.status, False
            finally:
                self.state.request = {"id": None, "idempotency_key": None}
        answer_headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION, "Content-Type": "application/json"}
        if replayed:
            answer_headers["Idempotent-Replayed"] = "true"
        return status, answer_headers, json.dumps(document)

    def _check(self, headers: Mapping[str, str], fault: str) -> None:
        if not secrets.compare_digest(headers.get("authorization", "").encode(), f"Bearer {self.key}".encode()):
            raise StripeFault("Invalid API Key provided.", status=401)
        if headers.get("stripe-version", API_VERSION) != API_VERSION:
            raise StripeFault(f"This stand-in speaks API version {API_VERSION} alone.")
        if fault == "429":
            raise StripeFault("Request rate limit exceeded.", status=429, code="rate_limit")
        if fault == "500 before":
            raise StripeFault("An unknown error occurred", status=500, kind="api_error")

    def _answer_once(self, method: str, url: str, headers: Mapping[str, str], body: str) -> tuple[Object, int, bool]:
        """Document, status, and whether it is the kept answer of an idempotency key."""
        parts = urlsplit(url)
        form = parts.query if method in {"GET", "DELETE"} else body
        key = headers.get("idempotency-key") if method != "GET" else None
        if key is None:
            return self._perform(method, parts.path, form), 200, False
        mark = hashlib.sha256(f"{method} {parts.path} {form}".encode()).hexdigest()
        if kept := self.state.answers.get(key):
            if kept["mark"] != mark:
                raise StripeFault(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                    f"Try using a key other than '{key}' if you meant to execute a different request.",
                    kind="idempotency_error",
                )
            return kept["document"], kept["status"], True
        status = 200
        try:
            document = self._perform(method, parts.path, form)
        except StripeFault as refusal:
            if refusal.status != 402:  # as at Stripe: what was refused before it began may be sent again
                raise
            document, status = refusal.document, refusal.status
        self.state.answers[key] = {"mark": mark, "document": document, "status": status}
        return document, status, False

    def _perform(self, method: str, path: str, form: str) -> Object:
        operation, identifiers = routing.find(method, path)
        parameters = parse(form, operation.declared)
        paths = parameters.pop("expand", None) or []
        found = operation.handler(self.state, parameters, *(unquote(each) for each in identifiers))
        if found["object"] == "list":
            found = {**found, "data": [routing.copy_of(self.state, each) for each in found["data"]]}
        else:
            found = routing.copy_of(self.state, found)
        document: Object = public(routing.expand(self.state, found, paths))
        return document

    # Its own server

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode() if length else ""
        query = environ.get("QUERY_STRING", "")
        if path.startswith("/v1/"):
            headers = {
                name.removeprefix("HTTP_").replace("_", "-"): value
                for name, value in environ.items()
                if name.startswith("HTTP_")
            }
            status, answer_headers, text = self.request(method, f"{path}?{query}", headers, body)
        elif path.startswith("/_fake/"):
            status, answer_headers, text = controls.answer(self, method, path, body, query)
        else:
            language = environ.get("HTTP_ACCEPT_LANGUAGE", "")
            form = {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}
            asked = {name: values[-1] for name, values in parse_qs(query).items()}
            with self.state.lock:
                self.catch_up()
                status, answer_headers, text = pages.answer(
                    self.state, method, path, form=form, asked=asked, accepted=language
                )
        payload = text.encode()
        start_response(f"{status} {_phrase(status)}", [*answer_headers.items(), ("Content-Length", str(len(payload)))])
        return [payload]


def _phrase(status: int) -> str:
    return {200: "OK", 303: "See Other", 404: "Not Found"}.get(status, "Answer")
