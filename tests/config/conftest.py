"""Homes for servers that these tests start themselves."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from config.embedded.postgres import EmbeddedPostgres


@pytest.fixture
def server_home() -> Iterator[Path]:
    """A short-lived LAXIN_HOME that other accounts may pass through, as PostgreSQL's does under root."""
    with tempfile.TemporaryDirectory(prefix="laxin-") as name:
        home = Path(name).resolve()
        home.chmod(0o711)
        yield home


@pytest.fixture
def secluded_home(tmp_path: Path) -> Iterator[Path]:
    """One that only we may enter, as a checkout below /root."""
    os.chmod(tmp_path, 0o700)
    yield tmp_path / "home"
    EmbeddedPostgres(tmp_path / "home").remove()
