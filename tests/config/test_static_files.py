"""Names of static files before and after `collectstatic`."""

from pathlib import Path

import pytest
from config.static_files import StaticStorage
from django.conf import LazySettings


@pytest.fixture
def storage(tmp_path: Path, settings: LazySettings) -> StaticStorage:
    settings.DEBUG = False
    (tmp_path / "ui.css").write_text("p { color: red }\n" * 100)
    return StaticStorage(location=str(tmp_path), base_url="/static/")


def test_before_collecting_a_name_stays_as_it_is(storage: StaticStorage) -> None:
    assert storage.url("ui.css") == "/static/ui.css"


def test_collected_files_carry_their_hash_and_are_compressed(storage: StaticStorage, tmp_path: Path) -> None:
    list(storage.post_process({"ui.css": (storage, "ui.css")}))

    hashed = storage.url("ui.css").removeprefix("/static/")
    assert hashed != "ui.css"
    assert (tmp_path / hashed).read_text() == "p { color: red }\n" * 100
    assert (tmp_path / f"{hashed}.br").stat().st_size < 100
    assert storage.url("missing.css") == "/static/missing.css"
