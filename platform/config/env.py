"""The environment: the only place that reads `LAXIN_*` variables.

`VARIABLES` is the single list of names, defaults and meanings; docs/configuration.md is checked against it.
"""

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal, cast
from urllib.parse import quote, unquote, urlsplit

from config import run_state
from config.home import HomeError, prepare_home

Mode = Literal["development", "production", "test"]
DemoSize = Literal["small", "full"]
Reach = Literal["local", "network"]

PREFIX = "LAXIN_"
BROKER_SCHEMES = ("redis", "rediss", "amqp", "amqps", "filesystem", "memory")
STRIPE = "https://api.stripe.com"
_SHORT_NAME = re.compile(r"([a-z0-9-]{3,40})?")  # of a shop; tenants.slugs has the rules
EMAIL_SCHEMES = ("file", "smtp", "smtps", "smtp+tls", "console")


@dataclass(frozen=True)
class Variable:
    """One variable: its name, its default as a reader of the documentation sees it, and what it means."""

    name: str
    default: str
    meaning: str


VARIABLES: tuple[Variable, ...] = (
    Variable("LAXIN_ENV", "development", "`development`, `production` or `test`; picks the settings."),
    Variable("LAXIN_PORT", "8000", "Port of the web server."),
    Variable("LAXIN_BIND", "127.0.0.1", "Address the web server listens on; `0.0.0.0` inside a container."),
    Variable(
        "LAXIN_BASE_URL",
        "http://localhost:$LAXIN_PORT",
        "Address of the public site; shops are subdomains of its host. `https` turns on secure cookies and HSTS; "
        "required in production, except on localhost.",
    ),
    Variable("LAXIN_HOME", ".laxin", "Folder of data, secrets, logs and mail of this installation."),
    Variable(
        "LAXIN_DATABASE_URL",
        "embedded PostgreSQL",
        "The owner's login on a PostgreSQL ≥ 16: `postgresql://user:password@host:port/name`. Migrates, creates shops "
        "and the restricted application login.",
    ),
    Variable(
        "LAXIN_APP_DATABASE_URL",
        "derived from LAXIN_DATABASE_URL",
        "The restricted application login on the same database; created when it does not exist.",
    ),
    Variable(
        "LAXIN_BROKER_URL",
        "embedded Valkey",
        "Celery broker: `redis://…` (Valkey too), `rediss://…`, `amqp://…` or `amqps://…`.",
    ),
    Variable(
        "LAXIN_CACHE_URL",
        "the broker's server, next database number",
        "Cache: `redis://…` or `rediss://…`. Required where the broker is no Valkey or Redis.",
    ),
    Variable(
        "LAXIN_SECRET_KEY",
        "generated into LAXIN_HOME",
        "Signs sessions and links and encrypts the secrets of second factors, at least 32 characters. Required in "
        "production.",
    ),
    Variable(
        "LAXIN_SECRET_KEY_FALLBACKS",
        "none",
        "Former values of LAXIN_SECRET_KEY, separated by commas: what they signed and encrypted still holds. Without "
        "the former key nobody gets in with an app set up before; whoever manages the staff removes the second factor.",
    ),
    Variable(
        "LAXIN_EMAIL_URL",
        "files in $LAXIN_HOME/mail",
        "Outgoing mail: `smtp://user:password@host:port`, `smtp+tls://…` (STARTTLS), `smtps://…`, `file:///folder` or "
        "`console://`.",
    ),
    Variable("LAXIN_EMAIL_FROM", "Laxin <no-reply@host of LAXIN_BASE_URL>", "Sender of outgoing mail."),
    Variable(
        "LAXIN_PROXIES",
        "0",
        "Number of trusted reverse proxies in front: `X-Forwarded-For` and `X-Forwarded-Proto` are believed that far.",
    ),
    Variable(
        "LAXIN_STRIPE_URL",
        "https://api.stripe.com in production, else the stand-in that `laxin up` starts",
        "Stripe's API, or a server that speaks it. Set it together with LAXIN_STRIPE_KEY. `https` in production.",
    ),
    Variable(
        "LAXIN_STRIPE_KEY",
        "derived from LAXIN_SECRET_KEY for the stand-in",
        "Secret or restricted API key, `sk_…` or `rk_…`. Required in production, where a test key raises a warning.",
    ),
    Variable(
        "LAXIN_STRIPE_WEBHOOK_SECRETS",
        "derived from LAXIN_SECRET_KEY for the stand-in",
        "Signing secrets `whsec_…` of the webhook endpoint, separated by commas: while one is rotated both hold. "
        "Required in production.",
    ),
    Variable(
        "LAXIN_STRIPE_STAND_IN",
        "local",
        "Who may reach the stand-in for Stripe, where test cards pay: `local` serves it only if LAXIN_BIND and "
        "LAXIN_BASE_URL are this machine's own, `network` to whoever reaches the site (to try paying by phone).",
    ),
    Variable("LAXIN_DEMO_SIZE", "small", "`small` or `full`: size of the demo shop at its first load."),
    Variable(
        "LAXIN_DEMO_SHOP",
        "none; in development the demo shop that was loaded",
        "Short name of a shop that the home page offers to be tried: its newest open join link and its console. If it "
        "does not exist there is no link, and `laxin doctor` says so.",
    ),
    Variable("LAXIN_SHOP_POOL", "5", "Schemas kept ready for new shops; 0 makes each when it is asked for."),
    Variable("LAXIN_WEB_WORKERS", "2", "Web server processes."),
    Variable("LAXIN_WEB_THREADS", "4", "Threads of each web server process."),
)
NAMES = frozenset(variable.name for variable in VARIABLES)


class EnvError(ValueError):
    """The environment cannot be used. `faults` lists every fault found, each one a sentence naming its variable."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("The environment has faults:\n" + "\n".join(f"  - {fault}" for fault in faults))


@dataclass(frozen=True)
class DatabaseUrl:
    """A PostgreSQL address taken apart; `str()` puts it together again."""

    user: str
    password: str
    host: str
    port: int
    name: str
    query: str = ""

    @classmethod
    def parse(cls, url: str) -> "DatabaseUrl":
        """Raise ValueError with a sentence without the password where `url` is no PostgreSQL address."""
        parts = urlsplit(url)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise ValueError("must start with postgresql://")
        if not parts.username:
            raise ValueError("names no user")
        if not parts.path.strip("/"):
            raise ValueError("names no database")
        return cls(
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            host=unquote(parts.hostname or "localhost"),
            port=parts.port or 5432,
            name=unquote(parts.path.strip("/")),
            query=parts.query,
        )

    def __str__(self) -> str:
        login = quote(self.user, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="")
        query = f"?{self.query}" if self.query else ""
        return f"postgresql://{login}@{host}:{self.port}/{quote(self.name, safe='')}{query}"


@dataclass(frozen=True)
class Env:
    """The checked environment.

    `database_url`, `app_database_url`, `broker_url` and `cache_url` are None where nothing was set and no `laxin up`
    runs on `home`: commands that work without servers (`makemigrations`, `check`) still start. So is `stripe_url`,
    except in production, where Stripe is the default.
    """

    mode: Mode
    port: int
    bind: str
    base_url: str
    home: Path
    database_url: str | None
    app_database_url: str | None
    broker_url: str | None
    cache_url: str | None
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    email_url: str
    email_from: str
    proxies: int
    stripe_url: str | None
    stripe_key: str
    stripe_webhook_secrets: tuple[str, ...]
    stripe_stand_in: Reach
    demo_size: DemoSize
    demo_shop: str
    shop_pool: int
    web_workers: int
    web_threads: int

    @classmethod
    def load(cls, environ: Mapping[str, str], *, with_running: bool = True) -> "Env":
        """Read and check `environ`; in development the secret key is made and kept in `home`.

        Servers that are not set are those of the `laxin up` that runs on `home`, unless `with_running` is False.
        Raise EnvError with all faults, not only the first.
        """
        return _Reader(environ).read(with_running=with_running)

    @property
    def https(self) -> bool:
        """Whether the site is reached over TLS."""
        return self.base_url.startswith("https://")

    @property
    def base_host(self) -> str:
        """Host of the public site without port; shops are its subdomains."""
        return urlsplit(self.base_url).hostname or "localhost"

    @property
    def stand_in_fault(self) -> str:
        """Why the stand-in for Stripe must not be served here and what to do; "" where it may."""
        if self.mode == "production":
            return "The stand-in for Stripe takes test cards for money: it is not served in production."
        if self.stripe_stand_in == "network" or (is_local(self.bind) and is_local(self.base_host)):
            return ""
        return (
            "The stand-in for Stripe takes test cards from anybody, and others may come in: "
            f"LAXIN_BIND={self.bind}, LAXIN_BASE_URL={self.base_url}. For customers set LAXIN_ENV=production. To try "
            "things out among yourselves set LAXIN_STRIPE_STAND_IN=network, or LAXIN_STRIPE_URL and LAXIN_STRIPE_KEY."
        )

    @property
    def mails_url(self) -> str:
        """Where the mails that were written into files are shown; "" where they are sent, or others may come in."""
        is_own_machine = self.mode == "development" and not self.proxies
        if is_own_machine and is_local(self.bind) and is_local(self.base_host) and self.email_url.startswith("file:"):
            return f"{self.base_url}/mails/"
        return ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works and is hardly meant."""
        if self.mode == "production" and self.stripe_key.startswith(("sk_test_", "rk_test_")):
            return ("LAXIN_STRIPE_KEY is a test key: plans are paid with test cards, nobody is charged.",)
        return ()

    @property
    def owner(self) -> DatabaseUrl | None:
        """The owner's login taken apart."""
        return DatabaseUrl.parse(self.database_url) if self.database_url else None

    @property
    def app(self) -> DatabaseUrl | None:
        """The restricted application login taken apart."""
        return DatabaseUrl.parse(self.app_database_url) if self.app_database_url else None

    def with_servers(
        self, *, database_url: str | None = None, broker_url: str | None = None, stripe_url: str | None = None
    ) -> "Env":
        """This environment on servers started for it; the application login and the cache follow."""
        env = self
        if database_url:
            app = derive_app_url(DatabaseUrl.parse(database_url), self.secret_key)
            env = replace(env, database_url=database_url, app_database_url=str(app))
        if broker_url:
            env = replace(env, broker_url=broker_url, cache_url=self.cache_url or derive_cache_url(broker_url))
        if stripe_url:
            env = replace(env, stripe_url=stripe_url)
        return env

    def to_environ(self) -> dict[str, str]:
        """The variables that make a child process load this very environment."""
        values = {
            "LAXIN_ENV": self.mode,
            "LAXIN_PORT": str(self.port),
            "LAXIN_BIND": self.bind,
            "LAXIN_BASE_URL": self.base_url,
            "LAXIN_HOME": str(self.home),
            "LAXIN_DATABASE_URL": self.database_url,
            "LAXIN_APP_DATABASE_URL": self.app_database_url,
            "LAXIN_BROKER_URL": self.broker_url,
            "LAXIN_CACHE_URL": self.cache_url,
            "LAXIN_SECRET_KEY": self.secret_key,
            "LAXIN_SECRET_KEY_FALLBACKS": ",".join(self.secret_key_fallbacks),
            "LAXIN_EMAIL_URL": self.email_url,
            "LAXIN_EMAIL_FROM": self.email_from,
            "LAXIN_PROXIES": str(self.proxies),
            "LAXIN_STRIPE_URL": self.stripe_url,
            "LAXIN_STRIPE_KEY": self.stripe_key,
            "LAXIN_STRIPE_WEBHOOK_SECRETS": ",".join(self.stripe_webhook_secrets),
            "LAXIN_STRIPE_STAND_IN": self.stripe_stand_in,
            "LAXIN_DEMO_SIZE": self.demo_size,
            "LAXIN_DEMO_SHOP": self.demo_shop,
            "LAXIN_SHOP_POOL": str(self.shop_pool),
            "LAXIN_WEB_WORKERS": str(self.web_workers),
            "LAXIN_WEB_THREADS": str(self.web_threads),
        }
        return {name: value for name, value in values.items() if value is not None}

    def shop_url(self, slug: str) -> str:
        """Address of a shop, without a slash at its end."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{slug}.{parts.netloc}"


def checkout_root() -> Path:
    """The folder of the checkout, or the current one where Laxin was installed from a wheel."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "manage.py").is_file() else Path.cwd()


def is_local(host: str) -> bool:
    """Whether a host name or address is this machine's own alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def derive_app_url(owner: DatabaseUrl, secret_key: str) -> DatabaseUrl:
    """The application login that belongs to an owner's: same database, its own name, a password only we can derive."""
    name = f"{owner.name}_app"
    message = f"application login {name}".encode()
    return replace(owner, user=name, password=hmac.new(secret_key.encode(), message, hashlib.sha256).hexdigest())


def derive_stripe_secret(secret_key: str, prefix: str) -> str:
    """A credential of the stand-in for Stripe: it and Laxin know the same secret key, so nothing has to be kept."""
    return prefix + hmac.new(secret_key.encode(), f"stripe {prefix}".encode(), hashlib.sha256).hexdigest()[:32]


def derive_cache_url(broker_url: str) -> str | None:
    """The cache on the broker's server: the next database number: clearing the cache leaves the queues alone."""
    parts = urlsplit(broker_url)
    if parts.scheme not in {"redis", "rediss"}:
        return None
    number = parts.path.strip("/") or "0"
    return parts._replace(path=f"/{int(number) + 1}").geturl() if number.isdigit() else None


@cache
def current() -> Env:
    """The environment of this process, read once."""
    return Env.load(os.environ)


class _Reader:
    """Reads one mapping, collecting faults."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def read(self, *, with_running: bool) -> Env:
        self._refuse_unknown()
        mode = cast(Mode, self._one_of("LAXIN_ENV", ("development", "production", "test")))
        home = self._home()
        running = run_state.read_running(home) if with_running else {}
        port = self._number("LAXIN_PORT", 1, 65535)
        if "LAXIN_PORT" not in self.environ:
            port = int(running.get("port", port))
        base_url = self._base_url(mode, port, running)
        secret_key = self._secret_key(mode, home)
        database_url = self._database_url("LAXIN_DATABASE_URL") or running.get("database_url")
        broker_url = self._url("LAXIN_BROKER_URL", BROKER_SCHEMES) or running.get("broker_url")
        app_database_url = self._app_database_url(database_url, running, secret_key)
        cache_url = self._url("LAXIN_CACHE_URL", ("redis", "rediss"))
        if cache_url is None and broker_url:
            cache_url = derive_cache_url(broker_url)
        host = urlsplit(base_url).hostname or "localhost"
        env = Env(
            mode=mode,
            port=port,
            bind=self._text("LAXIN_BIND"),
            base_url=base_url,
            home=home,
            database_url=database_url,
            app_database_url=app_database_url,
            broker_url=broker_url,
            cache_url=cache_url,
            secret_key=secret_key,
            secret_key_fallbacks=self._secret_key_fallbacks(mode),
            email_url=self._url("LAXIN_EMAIL_URL", EMAIL_SCHEMES) or f"file://{home / 'mail'}",
            email_from=self.environ.get("LAXIN_EMAIL_FROM") or f"Laxin <no-reply@{host}>",
            proxies=self._number("LAXIN_PROXIES", 0, 9),
            stripe_url=self._stripe_url(mode, running),
            stripe_key=self._stripe_key(mode, secret_key),
            stripe_webhook_secrets=self._stripe_webhook_secrets(mode, secret_key),
            stripe_stand_in=cast(Reach, self._one_of("LAXIN_STRIPE_STAND_IN", ("local", "network"))),
            demo_size=cast(DemoSize, self._one_of("LAXIN_DEMO_SIZE", ("small", "full"))),
            demo_shop=self._demo_shop(),
            shop_pool=self._number("LAXIN_SHOP_POOL", 0, 1000),
            web_workers=self._number("LAXIN_WEB_WORKERS", 1, 64),
            web_threads=self._number("LAXIN_WEB_THREADS", 1, 64),
        )
        if mode == "production" and broker_url and not cache_url:
            self.faults.append("LAXIN_CACHE_URL is required where the broker is no Valkey or Redis.")
        if self.faults:
            raise EnvError(self.faults)
        return env

    def _refuse_unknown(self) -> None:
        for name in sorted(self.environ):
            if name.startswith(PREFIX) and name not in NAMES:
                known = [known.removeprefix(PREFIX) for known in NAMES]
                near = get_close_matches(name.removeprefix(PREFIX), known, n=1)
                hint = f" Did you mean {PREFIX}{near[0]}?" if near else " See docs/configuration.md for the known ones."
                self.faults.append(f"{name} is not a variable of Laxin.{hint}")

    def _text(self, name: str) -> str:
        default = next(variable.default for variable in VARIABLES if variable.name == name)
        return self.environ.get(name) or default

    def _one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self._text(name)
        if value not in allowed:
            self.faults.append(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
            return allowed[0]
        return value

    def _number(self, name: str, low: int, high: int) -> int:
        value = self._text(name)
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            self.faults.append(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
            return low
        return int(value)

    def _demo_shop(self) -> str:
        value = self.environ.get("LAXIN_DEMO_SHOP", "")
        if not _SHORT_NAME.fullmatch(value):
            self.faults.append(f"LAXIN_DEMO_SHOP must be the short name of a shop, like corner, not {value!r}.")
        return value

    def _base_url(self, mode: Mode, port: int, running: Mapping[str, str]) -> str:
        default = f"http://localhost:{port}"
        if "LAXIN_PORT" not in self.environ:
            default = running.get("base_url", default)
        value = (self.environ.get("LAXIN_BASE_URL") or default).rstrip("/")
        try:
            parts = urlsplit(value)
            valid = parts.scheme in {"http", "https"} and parts.hostname and not parts.path and not parts.query
            _ = parts.port
        except ValueError:
            valid = False
        if not valid or "@" in parts.netloc:
            self.faults.append(f"LAXIN_BASE_URL must look like https://example.com, without a path, not {value!r}.")
            return f"http://localhost:{port}"
        if mode == "production":
            self._refuse_plain("LAXIN_BASE_URL", value)
        return value

    def _refuse_plain(self, name: str, value: str) -> None:
        """Over plain http sessions and keys can be read on the way."""
        parts = urlsplit(value)
        if parts.scheme == "http" and not is_local(parts.hostname or ""):
            self.faults.append(f"{name} must start with https:// in production, unless it is on localhost.")

    def _home(self) -> Path:
        value = Path(self._text("LAXIN_HOME")).expanduser()
        return value if value.is_absolute() else checkout_root() / value

    def _url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.environ.get(name)
        if not value:
            return None
        if value.partition("://")[0] not in schemes or "://" not in value:
            self.faults.append(f"{name} must start with one of {', '.join(f'{scheme}://' for scheme in schemes)}.")
            return None
        return value

    def _database_url(self, name: str) -> str | None:
        value = self.environ.get(name)
        if not value:
            return None
        try:
            return str(DatabaseUrl.parse(value))
        except ValueError as error:
            self.faults.append(f"{name} {error}: it must look like postgresql://user:password@host:5432/name.")
            return None

    def _app_database_url(self, owner: str | None, running: Mapping[str, str], secret_key: str) -> str | None:
        explicit = self._database_url("LAXIN_APP_DATABASE_URL")
        if explicit:
            if not self.environ.get("LAXIN_DATABASE_URL"):
                self.faults.append(
                    "LAXIN_APP_DATABASE_URL is set without LAXIN_DATABASE_URL: set both, or the latter only."
                )
            return explicit
        if owner and owner == running.get("database_url") and "app_database_url" in running:
            return running["app_database_url"]
        return str(derive_app_url(DatabaseUrl.parse(owner), secret_key)) if owner else None

    def _stripe_url(self, mode: Mode, running: Mapping[str, str]) -> str | None:
        explicit = self._url("LAXIN_STRIPE_URL", ("https", "http"))
        if explicit:
            if mode == "production":
                self._refuse_plain("LAXIN_STRIPE_URL", explicit)
            return explicit.rstrip("/")
        if mode == "production":
            return STRIPE
        # Tests put a server into the process; what slips past it is refused at once by a port where nobody listens.
        return "http://127.0.0.1:9" if mode == "test" else running.get("stripe_url")

    def _stripe_key(self, mode: Mode, secret_key: str) -> str:
        value = self.environ.get("LAXIN_STRIPE_KEY", "")
        if value:
            if not value.startswith(("sk_", "rk_")):
                self.faults.append("LAXIN_STRIPE_KEY must be a secret or restricted key: sk_… or rk_….")
            return value
        if mode == "production":
            self.faults.append("LAXIN_STRIPE_KEY is required in production: a secret or restricted key of Stripe's.")
        elif self.environ.get("LAXIN_STRIPE_URL"):
            self.faults.append("LAXIN_STRIPE_URL is set without LAXIN_STRIPE_KEY: set both, or neither.")
        return derive_stripe_secret(secret_key, "sk_test_")

    def _stripe_webhook_secrets(self, mode: Mode, secret_key: str) -> tuple[str, ...]:
        name = "LAXIN_STRIPE_WEBHOOK_SECRETS"
        values = self._list(name)
        if any(not value.startswith("whsec_") for value in values):
            self.faults.append(f"{name} must be signing secrets that start with whsec_, separated by commas.")
        if not values and mode == "production":
            self.faults.append(f"{name} is required in production: the signing secret of the webhook endpoint.")
        return values or (derive_stripe_secret(secret_key, "whsec_"),)

    def _secret_key_fallbacks(self, mode: Mode) -> tuple[str, ...]:
        values = self._list("LAXIN_SECRET_KEY_FALLBACKS")
        if mode == "production" and any(len(value) < 32 for value in values):
            self.faults.append(
                "LAXIN_SECRET_KEY_FALLBACKS must be keys of at least 32 characters, separated by commas."
            )
        return values

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(value.strip() for value in self.environ.get(name, "").split(",") if value.strip())

    def _secret_key(self, mode: Mode, home: Path) -> str:
        value = self.environ.get("LAXIN_SECRET_KEY", "")
        if value:
            if mode == "production" and len(value) < 32:
                self.faults.append("LAXIN_SECRET_KEY must have at least 32 characters.")
            return value
        if mode == "production":
            self.faults.append("LAXIN_SECRET_KEY is required in production: at least 32 random characters.")
            return ""
        if mode == "test":
            return "only-for-tests-" + "0" * 32
        try:
            prepare_home(home)
        except HomeError as error:
            self.faults.append(str(error))
            return ""
        return read_or_create_secret(home / "secret_key")


def read_or_create_secret(path: Path) -> str:
    """The secret kept in `path` (mode 0600), made at the first call; two first calls at once get the same."""
    if path.exists():
        return path.read_text().strip()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
