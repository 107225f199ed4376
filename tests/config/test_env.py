from collections.abc import Mapping
from pathlib import Path

import pytest
from config import run_state
from config.env import NAMES, DatabaseUrl, Env, EnvError, derive_cache_url

OWNER = "postgresql://boss:secret@db.example:5433/shopdata"
STRIPE = {"LAXIN_STRIPE_KEY": "sk_live_1", "LAXIN_STRIPE_WEBHOOK_SECRETS": "whsec_1"}
PRODUCTION = {"LAXIN_ENV": "production", "LAXIN_SECRET_KEY": "k" * 32, **STRIPE}


def load(home: Path, **values: str) -> Env:
    return Env.load({"LAXIN_HOME": str(home), **values})


def faults_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(EnvError) as caught:
        Env.load(environ)
    return caught.value.faults


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_nothing_set_gives_the_documented_defaults(home: Path) -> None:
    env = load(home)

    assert (env.mode, env.port, env.bind, env.base_url) == ("development", 8000, "127.0.0.1", "http://localhost:8000")
    assert (env.web_workers, env.web_threads, env.demo_size, env.proxies) == (2, 4, "small", 0)
    assert env.email_url == f"file://{home}/mail"
    assert (env.database_url, env.app_database_url, env.broker_url, env.cache_url) == (None, None, None, None)


def test_the_shop_to_be_tried_is_named_by_its_short_name(home: Path) -> None:
    assert load(home, LAXIN_DEMO_SHOP="corner-2").demo_shop == "corner-2"
    assert load(home).demo_shop == load(home, LAXIN_DEMO_SHOP="").demo_shop == ""


def test_an_empty_value_counts_as_not_set(home: Path) -> None:
    assert load(home, LAXIN_PORT="", LAXIN_DATABASE_URL="").port == 8000


def test_variables_of_other_programs_are_none_of_our_business(home: Path) -> None:
    assert load(home, PATH="/bin", RELAXING="1").port == 8000


def test_a_mistyped_name_is_refused_with_the_nearest_known_one(home: Path) -> None:
    faults = faults_of({"LAXIN_HOME": str(home), "LAXIN_DATABSE_URL": OWNER})

    assert faults == ("LAXIN_DATABSE_URL is not a variable of Laxin. Did you mean LAXIN_DATABASE_URL?",)


def test_a_name_like_no_other_points_to_the_documentation(home: Path) -> None:
    faults = faults_of({"LAXIN_HOME": str(home), "LAXIN_QQQQ": "1"})

    assert faults == ("LAXIN_QQQQ is not a variable of Laxin. See docs/configuration.md for the known ones.",)


def test_all_faults_are_listed_at_once(home: Path) -> None:
    faults = faults_of(
        {
            "LAXIN_HOME": str(home),
            "LAXIN_ENV": "staging",
            "LAXIN_PORT": "70000",
            "LAXIN_BASE_URL": "https://example.com/shop",
            "LAXIN_DATABASE_URL": "mysql://root@db/x",
            "LAXIN_BROKER_URL": "localhost:6379",
            "LAXIN_WEB_WORKERS": "many",
            "LAXIN_DEMO_SIZE": "huge",
            "LAXIN_DEMO_SHOP": "https://corner.example",
        }
    )

    assert [fault.split()[0] for fault in faults] == [
        "LAXIN_ENV",
        "LAXIN_PORT",
        "LAXIN_BASE_URL",
        "LAXIN_DATABASE_URL",
        "LAXIN_BROKER_URL",
        "LAXIN_DEMO_SIZE",
        "LAXIN_DEMO_SHOP",
        "LAXIN_WEB_WORKERS",
    ]


def test_a_fault_in_an_address_does_not_show_its_password(home: Path) -> None:
    error = EnvError(list(faults_of({"LAXIN_HOME": str(home), "LAXIN_DATABASE_URL": "mysql://root:hunter2@db/x"})))

    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("postgresql://db/name", "names no user"),
        ("postgresql://user@db", "names no database"),
        ("postgresql://user@db:notaport/x", "Port could not be cast"),
    ],
)
def test_a_database_address_names_what_it_lacks(home: Path, url: str, fault: str) -> None:
    (only,) = faults_of({"LAXIN_HOME": str(home), "LAXIN_DATABASE_URL": url})

    assert only.startswith(f"LAXIN_DATABASE_URL {fault}")


def test_a_single_database_url_is_the_owners_and_the_application_login_follows(home: Path) -> None:
    env = load(home, LAXIN_DATABASE_URL=OWNER)

    assert env.owner == DatabaseUrl("boss", "secret", "db.example", 5433, "shopdata")
    assert env.app is not None
    assert (env.app.user, env.app.host, env.app.port, env.app.name) == (
        "shopdata_app", "db.example", 5433, "shopdata",
    )  # fmt: skip
    assert len(env.app.password) == 64
    assert load(home, LAXIN_DATABASE_URL=OWNER).app == env.app


def test_an_application_login_of_ones_own_is_taken_as_it_is(home: Path) -> None:
    app = "postgresql://app:pw@db.example:5433/shopdata"

    assert load(home, LAXIN_DATABASE_URL=OWNER, LAXIN_APP_DATABASE_URL=app).app_database_url == app


def test_an_application_login_without_an_owner_is_refused(home: Path) -> None:
    faults = faults_of({"LAXIN_HOME": str(home), "LAXIN_APP_DATABASE_URL": OWNER})

    assert faults == ("LAXIN_APP_DATABASE_URL is set without LAXIN_DATABASE_URL: set both, or the latter only.",)


def test_special_characters_of_a_password_survive_parsing_and_printing() -> None:
    url = "postgresql://u%40x:p%2Fw%3A%25@[::1]:5432/n%20m?sslmode=require"

    parsed = DatabaseUrl.parse(url)

    assert (parsed.user, parsed.password, parsed.host, parsed.name) == ("u@x", "p/w:%", "::1", "n m")
    assert DatabaseUrl.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("broker", "cache"),
    [
        ("redis://:pw@127.0.0.1:6379", "redis://:pw@127.0.0.1:6379/1"),
        ("redis://:pw@127.0.0.1:6379/4", "redis://:pw@127.0.0.1:6379/5"),
        ("rediss://h/0?ssl_cert_reqs=required", "rediss://h/1?ssl_cert_reqs=required"),
        ("amqp://u:p@mq/vhost", None),
    ],
)
def test_the_cache_is_the_brokers_next_database(broker: str, cache: str | None) -> None:
    assert derive_cache_url(broker) == cache


def test_production_asks_for_a_long_secret_key(home: Path) -> None:
    missing = faults_of({"LAXIN_HOME": str(home), "LAXIN_ENV": "production", **STRIPE})
    short = faults_of({"LAXIN_HOME": str(home), **PRODUCTION, "LAXIN_SECRET_KEY": "short"})

    assert missing == ("LAXIN_SECRET_KEY is required in production: at least 32 random characters.",)
    assert short == ("LAXIN_SECRET_KEY must have at least 32 characters.",)
    assert not home.exists()


def test_former_secret_keys_are_listed_while_one_is_exchanged(home: Path) -> None:
    former = f" {'a' * 32}, {'b' * 32},"
    short = faults_of({"LAXIN_HOME": str(home), **PRODUCTION, "LAXIN_SECRET_KEY_FALLBACKS": f"short,{'a' * 32}"})

    assert load(home, LAXIN_SECRET_KEY_FALLBACKS=former).secret_key_fallbacks == ("a" * 32, "b" * 32)
    assert load(home).secret_key_fallbacks == ()
    assert short == ("LAXIN_SECRET_KEY_FALLBACKS must be keys of at least 32 characters, separated by commas.",)


def test_production_over_a_broker_that_caches_nothing_asks_for_a_cache(home: Path) -> None:
    faults = faults_of({"LAXIN_HOME": str(home), **PRODUCTION, "LAXIN_BROKER_URL": "amqp://u:p@mq/v"})

    assert faults == ("LAXIN_CACHE_URL is required where the broker is no Valkey or Redis.",)


def test_the_development_key_is_made_once_and_kept_for_the_owners_eyes(home: Path) -> None:
    first, second = load(home).secret_key, load(home).secret_key

    assert first == second == (home / "secret_key").read_text()
    assert len(first) == 64
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_folder_with_other_things_in_it_is_no_home(home: Path) -> None:
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")

    (fault,) = faults_of({"LAXIN_HOME": str(home)})

    assert fault.startswith(f"LAXIN_HOME is {home}, which holds other things (thesis.txt).")
    assert [entry.name for entry in home.iterdir()] == ["thesis.txt"]


def test_https_and_shop_addresses_follow_the_base_url(home: Path) -> None:
    env = load(home, LAXIN_BASE_URL="https://laxin.example:8443/")

    assert (env.base_url, env.https, env.base_host) == ("https://laxin.example:8443", True, "laxin.example")
    assert env.shop_url("demo") == "https://demo.laxin.example:8443"
    assert env.email_from == "Laxin <no-reply@laxin.example>"


def test_the_port_is_part_of_the_default_base_url(home: Path) -> None:
    assert load(home, LAXIN_PORT="8123").shop_url("demo") == "http://demo.localhost:8123"


def test_a_child_process_loads_the_very_same_environment(home: Path) -> None:
    env = load(home, LAXIN_PORT="8123", LAXIN_DATABASE_URL=OWNER, LAXIN_BROKER_URL="redis://h:1/0", LAXIN_PROXIES="1")
    env = env.with_servers(stripe_url="http://127.0.0.1:1")

    environ = env.to_environ()

    assert Env.load(environ) == env
    assert set(environ) == NAMES


def test_servers_started_later_bring_login_and_cache_along(home: Path) -> None:
    env = load(home).with_servers(database_url=OWNER, broker_url="redis://h:1/0")

    assert env == load(home, LAXIN_DATABASE_URL=OWNER, LAXIN_BROKER_URL="redis://h:1/0")


def test_other_commands_find_the_servers_of_a_running_laxin(home: Path) -> None:
    load(home)
    state = {"base_url": "https://laxin.example", "port": 8123, "database_url": OWNER, "broker_url": "redis://h:1/0"}
    run_state.write(home, state)

    env = load(home)

    assert (env.base_url, env.port, env.database_url, env.broker_url) == tuple(state.values())
    assert (home / "run.json").stat().st_mode & 0o777 == 0o600
    assert Env.load({"LAXIN_HOME": str(home)}, with_running=False).database_url is None


def test_what_is_set_goes_before_what_is_running(home: Path) -> None:
    load(home)
    run_state.write(home, {"base_url": "http://localhost:8123", "database_url": "postgresql://a:b@h:1/other"})

    env = load(home, LAXIN_DATABASE_URL=OWNER, LAXIN_PORT="9000")

    assert (env.database_url, env.base_url) == (OWNER, "http://localhost:9000")
    assert env.app is not None
    assert env.app.user == "shopdata_app"


def test_the_state_of_a_dead_process_is_not_believed(home: Path) -> None:
    load(home)
    run_state.write(home, {"database_url": OWNER})
    document = (home / "run.json").read_text()
    (home / "run.json").write_text(document.replace('"started": ', '"started": 1'))  # another process with this pid

    assert load(home).database_url is None


def test_an_unreadable_state_is_no_state(home: Path) -> None:
    load(home)
    (home / "run.json").write_text("{half a docu")

    assert load(home).database_url is None


def test_production_talks_to_stripe_with_a_key_and_a_signing_secret(home: Path) -> None:
    env = load(home, **PRODUCTION)

    assert (env.stripe_url, env.stripe_key, env.stripe_webhook_secrets) == (
        "https://api.stripe.com",
        "sk_live_1",
        ("whsec_1",),
    )
    assert faults_of({"LAXIN_HOME": str(home), "LAXIN_ENV": "production", "LAXIN_SECRET_KEY": "k" * 32}) == (
        "LAXIN_STRIPE_KEY is required in production: a secret or restricted key of Stripe's.",
        "LAXIN_STRIPE_WEBHOOK_SECRETS is required in production: the signing secret of the webhook endpoint.",
    )


def test_two_signing_secrets_hold_while_one_is_rotated(home: Path) -> None:
    assert load(home, LAXIN_STRIPE_WEBHOOK_SECRETS=" whsec_new, whsec_old,").stripe_webhook_secrets == (
        "whsec_new",
        "whsec_old",
    )


def test_credentials_of_another_kind_are_refused(home: Path) -> None:
    faults = faults_of(
        {"LAXIN_HOME": str(home), "LAXIN_STRIPE_KEY": "pk_live_1", "LAXIN_STRIPE_WEBHOOK_SECRETS": "whsec_1;whsec_2, x"}
    )

    assert faults == (
        "LAXIN_STRIPE_KEY must be a secret or restricted key: sk_… or rk_….",
        "LAXIN_STRIPE_WEBHOOK_SECRETS must be signing secrets that start with whsec_, separated by commas.",
    )


def test_a_stripe_address_of_ones_own_needs_a_key_of_ones_own(home: Path) -> None:
    faults = faults_of({"LAXIN_HOME": str(home), "LAXIN_STRIPE_URL": "https://api.stripe.com"})

    assert faults == ("LAXIN_STRIPE_URL is set without LAXIN_STRIPE_KEY: set both, or neither.",)


def test_the_credentials_of_the_stand_in_follow_from_the_secret_key(home: Path) -> None:
    first, second = load(home), load(home)

    assert first.stripe_url is None
    assert first.stripe_key == second.stripe_key
    assert first.stripe_webhook_secrets == second.stripe_webhook_secrets
    assert first.stripe_key.startswith("sk_test_")
    assert first.stripe_webhook_secrets[0].startswith("whsec_")
    run_state.write(home, {"stripe_url": "http://127.0.0.1:4242"})
    assert load(home).stripe_url == "http://127.0.0.1:4242"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "shops.localhost"])
def test_production_may_be_tried_on_this_machine_without_tls(home: Path, host: str) -> None:
    env = load(home, **PRODUCTION, LAXIN_BASE_URL=f"http://{host}", LAXIN_STRIPE_URL=f"http://{host}")
    assert (env.base_url, env.stripe_url, env.https) == (f"http://{host}", f"http://{host}", False)


@pytest.mark.parametrize("host", ["shops.example", "10.0.0.1", "localhost.example"])
def test_production_is_reached_and_reaches_stripe_over_tls(home: Path, host: str) -> None:
    plain = {"LAXIN_BASE_URL": f"http://{host}", "LAXIN_STRIPE_URL": f"http://{host}", "LAXIN_STRIPE_KEY": "sk_live_1"}

    assert faults_of({"LAXIN_HOME": str(home), **PRODUCTION, **plain}) == (
        "LAXIN_BASE_URL must start with https:// in production, unless it is on localhost.",
        "LAXIN_STRIPE_URL must start with https:// in production, unless it is on localhost.",
    )
    assert load(home, **plain).base_url == f"http://{host}"
    assert load(home, **PRODUCTION, LAXIN_BASE_URL=f"https://{host}").https


def test_the_stand_in_for_stripe_is_for_this_machine_unless_somebody_says_otherwise(home: Path) -> None:
    assert load(home).stand_in_fault == ""
    assert load(home, LAXIN_BIND="::1", LAXIN_BASE_URL="http://x.localhost").stand_in_fault == ""
    for open_to_others in (
        {"LAXIN_BIND": "0.0.0.0"},
        {"LAXIN_BIND": "192.168.1.7"},
        {"LAXIN_BASE_URL": "https://shops.example"},
        {"LAXIN_BASE_URL": "http://192.168.1.7:8000"},
    ):
        assert "set LAXIN_ENV=production" in load(home, **open_to_others).stand_in_fault
        assert load(home, **open_to_others, LAXIN_STRIPE_STAND_IN="network").stand_in_fault == ""
    assert "not served in production" in load(home, **PRODUCTION, LAXIN_STRIPE_STAND_IN="network").stand_in_fault
    assert faults_of({"LAXIN_HOME": str(home), "LAXIN_STRIPE_STAND_IN": "all"}) == (
        "LAXIN_STRIPE_STAND_IN must be one of local, network, not 'all'.",
    )


@pytest.mark.parametrize(("key", "warns"), [("sk_test_1", True), ("rk_test_1", True), ("sk_live_1", False)])
def test_a_test_key_in_production_raises_a_warning(home: Path, key: str, warns: bool) -> None:
    env = load(home, **PRODUCTION | {"LAXIN_STRIPE_KEY": key})
    assert any("LAXIN_STRIPE_KEY is a test key" in warning for warning in env.warnings) is warns
    assert load(home, LAXIN_STRIPE_KEY=key).warnings == ()
