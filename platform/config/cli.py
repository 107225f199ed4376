"""The command `laxin`, which is also manage.py.

`up`, `down`, `info`, `clean`, `price` and `explain` work without Django; everything else is a management command.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence

from config import run_state
from config.env import Env, EnvError, current
from config.home import HomeError

OVERVIEW = """\
usage: laxin COMMAND …

Run Laxin
  up                      start everything and stay until Ctrl-C
  down                    stop the one that runs on this data
  info [--json]           addresses and sign-ins
  clean                   delete all data of this installation

Shops
  shop create|list|export|restore|delete|suspend|resume|domain …
  migrate                 bring the tables of all shops up to date
  billing sync|reconcile|show|events|give …   plans, accounts and what Stripe tells us
  demo load               load the demo shop
  doctor [--shop SLUG]    check every invariant of every shop
  shell [--shop SLUG]     Python, inside a shop
  operator add|list|close|reopen|reset …   who may enter the back office

Developers
  price                   price a cart by a rule file, JSON in and out
  explain                 the same quote in words: what applied, what did not, why
  bench NAME              measure catalog, join, checkout or engine against a floor
  help                    every command

Each command explains itself with --help. Variables: docs/configuration.md
"""
WITHOUT_DATABASE = frozenset(
    {
        "help", "version", "--version", "check", "makemigrations", "makemessages", "compilemessages", "collectstatic",
        "findstatic", "diffsettings", "startapp", "graphql_sdl", "messages",
    }
)  # fmt: skip
DOWN_SECONDS = 60
INTERRUPTED = 128 + signal.SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(OVERVIEW, end="")
        return 0
    own: dict[str, Callable[[list[str]], int]] = {
        "up": _up,
        "down": _down,
        "info": _info,
        "clean": _clean,
        "price": _price,
        "explain": _explain,
        "bench": _bench,
    }
    try:
        if arguments[0] not in own:
            return _manage(arguments)
        return own[arguments[0]](arguments[1:])
    except (EnvError, HomeError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `laxin … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _up(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="laxin up", description="Start everything and stay until Ctrl-C.")
    parser.add_argument("--without-demo", action="store_true", help="do not load the demo shop")
    options = parser.parse_args(arguments)
    from config.supervisor import Supervisor  # noqa: PLC0415  `laxin price` shall start in no time

    return Supervisor(_configured(), os.environ, with_demo=not options.without_demo).run()


def _configured() -> Env:
    """The environment as it was set, without the servers of a `laxin up` that may run now."""
    return Env.load(os.environ, with_running=False)


def _down(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="laxin down", description="Stop the Laxin that runs on this data.").parse_args(
        arguments
    )
    home = _configured().home
    running = run_state.read_running(home)
    if not running:
        from config.cleanup import stop_leftovers  # noqa: PLC0415

        if home.exists():
            stop_leftovers(home)
        print(f"Laxin does not run on {home}.")
        return 0
    pid, started = int(running["pid"]), running["started"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while run_state.process_started(pid) == started:
        if time.monotonic() > deadline:
            print(f"Laxin (pid {pid}) does not stop. See the logs in {home / 'logs'}.", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print(f"Stopped Laxin at {running['base_url']} (pid {pid}).")
    return 0


def _info(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="laxin info", description="Addresses and sign-ins; exit code 1 while Laxin is not ready."
    )
    parser.add_argument("--json", action="store_true", help="as one JSON document")
    options = parser.parse_args(arguments)
    from config import info  # noqa: PLC0415
    from config.supervisor import ask_ready  # noqa: PLC0415

    env = current()
    ready = ask_ready(env)[0] == 200
    if options.json:
        print(json.dumps(info.describe(env, ready=ready), indent=2, ensure_ascii=False))
    else:
        info.print_info(env, ready=ready)
    return 0 if ready else 1


def _clean(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="laxin clean", description="Delete all data of this installation.")
    parser.parse_args(arguments)
    from config.cleanup import delete_home  # noqa: PLC0415

    deleted = delete_home(_configured().home)
    print("\n".join(f"Deleted {path}" for path in deleted) or "There is no data.")
    return 0


def _price(arguments: list[str]) -> int:
    from promotions.engine.cli import main as price  # noqa: PLC0415

    return int(price(arguments))


def _explain(arguments: list[str]) -> int:
    from promotions.engine.cli import explain_main  # noqa: PLC0415

    return explain_main(arguments)


def _bench(arguments: list[str]) -> int:
    from bench.cli import main as bench  # noqa: PLC0415

    return bench(arguments, os.environ)


def _manage(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    asks_for_help = {"-h", "--help"} & set(arguments)
    if arguments[0] not in WITHOUT_DATABASE and not asks_for_help and current().database_url is None:
        print(
            f"`laxin {arguments[0]}` needs a database: start one with `make up` in another terminal, "
            "or set LAXIN_DATABASE_URL.",
            file=sys.stderr,
        )
        return 2
    if arguments[0] not in WITHOUT_DATABASE and not asks_for_help:
        from config.reach import describe_unreachable  # noqa: PLC0415

        if fault := describe_unreachable(current()):
            print(fault, file=sys.stderr)
            return 2
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    try:
        execute_from_command_line(["laxin", *arguments])
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
