import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from config import cli, ports
from config.cleanup import delete_home
from config.embedded.process import find_free_port
from config.home import MARKER, HomeError, prepare_home
from config.steps import Steps

from tests.support.database import TestServer

ROOT = Path(__file__).parents[2]


def laxin(home: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LAXIN_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environ | {"LAXIN_HOME": str(home)} | variables,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_overview_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0

    overview = capsys.readouterr().out
    for command in ("up", "down", "info", "clean", "shop", "migrate", "demo", "doctor", "price", "bench"):
        assert f"\n  {command} " in overview


def test_faults_of_the_environment_are_told_without_a_traceback(home: Path) -> None:
    result = laxin(home, "check", LAXIN_PROT="8000", LAXIN_WEB_THREADS="0")

    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "The environment has faults:",
        "  - LAXIN_PROT is not a variable of Laxin. Did you mean LAXIN_PORT?",
        "  - LAXIN_WEB_THREADS must be a whole number from 1 to 64, not '0'.",
    ]


def test_a_command_that_needs_a_database_says_how_to_get_one(home: Path) -> None:
    result = laxin(home, "shop", "list")

    assert result.returncode == 2
    assert "`laxin shop` needs a database: start one with `make up`" in result.stderr


def test_a_command_that_needs_none_runs_without(home: Path) -> None:
    result = laxin(home, "check")

    assert (result.returncode, result.stdout) == (0, "System check identified no issues (0 silenced).\n"), result.stderr


def test_nothing_to_stop_is_no_failure(home: Path) -> None:
    result = laxin(home, "down")

    assert (result.returncode, result.stdout) == (0, f"Laxin does not run on {home}.\n")


def test_clean_deletes_the_home_and_nothing_else(home: Path) -> None:
    prepare_home(home)
    (home / "logs").mkdir()
    neighbour = home.with_name("neighbour")
    neighbour.write_text("stays")

    assert delete_home(home) == [home]

    assert not home.exists()
    assert neighbour.read_text() == "stays"
    assert delete_home(home) == []


def test_clean_leaves_a_folder_that_laxin_did_not_make(home: Path) -> None:
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")

    with pytest.raises(HomeError, match=r"holds other things than Laxin's \(thesis.txt\): it is not deleted"):
        delete_home(home)

    assert (home / "thesis.txt").read_text() == "years of work"


def test_what_tests_put_there_first_does_not_make_it_a_strangers_home(home: Path) -> None:
    (home / "test-cache").mkdir(parents=True)

    prepare_home(home)

    assert (home / MARKER).exists()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(HomeError, match=f"The folder LAXIN_HOME={tmp_path}/file/home cannot be used: Not a directory"):
        prepare_home(tmp_path / "file" / "home")


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(OSError, match="Cannot assign requested address"):
        ports.is_free("192.0.2.1", 8000)


def test_a_message_with_brackets_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Steps().fail("[red]log line[/red] [1234] done")

    assert capsys.readouterr().err == "✗ [red]log line[/red] [1234] done\n"


def test_a_database_that_cannot_be_reached_is_told_in_one_line(home: Path) -> None:
    url = "postgresql://laxin:secret@127.0.0.1:1/laxin"
    for command in ("doctor", "up"):
        result = laxin(home, command, LAXIN_DATABASE_URL=url, LAXIN_PORT=str(find_free_port()))

        assert result.returncode in {1, 2}
        told = [line for line in result.stderr.splitlines() if line]
        assert len(told) == 1
        assert "Cannot reach PostgreSQL at 127.0.0.1:1: " in told[0]
        assert told[0].endswith("Start it, or correct LAXIN_DATABASE_URL.")
        assert "secret" not in result.stderr + result.stdout


def test_addresses_of_the_demo_shop_are_those_of_the_site(home: Path) -> None:
    prepare_home(home)
    demo = {"console": "http://demo.localhost:8200/console/", "join": "http://demo.localhost:8200/j/welcome"}
    (home / "demo.json").write_text(json.dumps({**demo, "secret_key": "sk_1"}))

    document = json.loads(laxin(home, "info", "--json", LAXIN_PORT="8300").stdout)

    assert document["base_url"] == "http://localhost:8300"
    assert document["demo"] == {
        "console": "http://demo.localhost:8300/console/",
        "join": "http://demo.localhost:8300/j/welcome",
        "secret_key": "sk_1",
    }


def test_ctrl_c_while_a_command_is_imported_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_up", interrupt)

    assert cli.main(["up"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_superuser_is_refused_as_the_owner(home: Path, database_server: TestServer) -> None:
    result = laxin(home, "bootstrap", LAXIN_DATABASE_URL=database_server.admin)

    assert result.returncode == 2
    assert result.stderr.startswith("LAXIN_DATABASE_URL signs in as laxin_admin, a superuser.")
    assert len(result.stderr.splitlines()) == 1
