"""The schema in force is the one that is committed, and its errors are those of the domain."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from kernel.errors import DomainError

import storefront_api
from storefront_api.errors import to_user_error
from storefront_api.management.commands import graphql_sdl
from storefront_api.schema.root import print_sdl


def test_the_committed_schema_is_the_one_in_force() -> None:
    committed = Path(storefront_api.__file__).parent / "schema.graphql"

    assert committed.read_text(encoding="utf-8") == print_sdl(), "run `laxin graphql_sdl` and commit the file"


def test_the_command_notices_drift_and_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_sdl, "SDL", tmp_path / "schema.graphql")
    with pytest.raises(CommandError):
        call_command("graphql_sdl", "--check", stdout=io.StringIO())

    call_command("graphql_sdl", stdout=io.StringIO())

    call_command("graphql_sdl", "--check", stdout=io.StringIO())
    assert graphql_sdl.SDL.read_text(encoding="utf-8") == print_sdl()


def test_a_code_that_storefronts_do_not_know_is_invalid_to_them() -> None:
    class Odd(DomainError):
        code = "ODD"

    entry = to_user_error(Odd("Mend it.", field=["a", "b"]))

    assert (entry["code"].value, entry["field"], entry["message"]) == ("INVALID", ["a", "b"], "Mend it.")
