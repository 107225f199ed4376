"""Static files are collected once for each state of their sources."""

from pathlib import Path

from config.collected import collect_static_files
from django.conf import LazySettings


def test_static_files_are_collected_again_only_after_a_source_changed(settings: LazySettings, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "greeting.txt").write_text("hello")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"

    assert collect_static_files()
    assert not collect_static_files()
    (source / "greeting.txt").write_text("good morning")

    assert collect_static_files()
    assert (settings.STATIC_ROOT / "greeting.txt").read_text() == "good morning"
