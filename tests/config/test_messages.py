"""The script that keeps the Chinese catalogue."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_script", ROOT / "scripts/messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    templates = tmp_path / "platform/console/templates"
    templates.mkdir(parents=True)
    (templates / "page.html").write_text(
        "{% trans 'Orders' %}\n   {% blocktrans count n=total %}{{ n }} coupon{% plural %}{{ n }} coupons"
        "{% endblocktrans %}"
        "\n{% card title=_(\"It's here\") %}don't stumble (over { this{% endcard %}"
    )
    (tmp_path / "platform/console/views.py").write_text(
        "from django.utils.translation import gettext as _, pgettext_lazy\n"
        '_("At most %(limit)d.")\npgettext_lazy("of a shop", "Open")\n'
    )
    return tmp_path


def test_texts_are_found_in_python_and_in_templates(messages: ModuleType, sources: Path) -> None:
    assert messages.find_texts(sources) == {
        ("Orders", None): "Orders",
        ("%(n)s coupon", None): ("%(n)s coupon", "%(n)s coupons"),
        ("It's here", None): "It's here",
        ("At most %(limit)d.", None): "At most %(limit)d.",
        ("Open", "of a shop"): "Open",
    }


def test_a_complete_catalogue_passes_and_survives_being_written_again(messages: ModuleType, sources: Path) -> None:
    found = messages.find_texts(sources)
    translations = {
        "Orders": "订单",
        "%(n)s coupon": "%(n)s 张券",
        "It's here": "到了",
        "At most %(limit)d.": "最多 %(limit)d。",
        "Open": "营业",
    }
    po = sources / "locale/django.po"
    messages.write(messages.merge(found, messages.read_catalog(po), translations), po)

    present = messages.read_catalog(po)
    assert messages.check(found, present) == []
    assert messages.check_compiled(present, po.with_suffix(".mo")) == []
    before = po.read_bytes()
    messages.write(messages.merge(found, present, {}), po)
    assert po.read_bytes() == before


def test_every_kind_of_fault_is_named(messages: ModuleType, sources: Path) -> None:
    found = messages.find_texts(sources)
    po = sources / "locale/django.po"
    messages.write(messages.merge(found, messages.read_catalog(po), {"At most %(limit)d.": "最多 %(most)d。"}), po)
    po.write_text(po.read_text().replace('msgid "Open"', 'msgid "Shut"'))
    with po.open("a") as file:
        file.write('\n#, fuzzy\nmsgid "Guess"\nmsgstr "猜"\n')

    faults = "\n".join(messages.check(found, messages.read_catalog(po)))

    assert "missing in the catalogue, run scripts/messages.py: 'Open'" in faults
    assert "no longer in the sources, run scripts/messages.py: 'Shut'" in faults
    assert "not translated: 'Orders'" in faults
    assert "fuzzy: 'Guess'" in faults
    assert "unknown named placeholder 'most': 'At most %(limit)d.'" in faults


def test_a_catalogue_changed_after_compiling_is_stale(messages: ModuleType, sources: Path) -> None:
    found = messages.find_texts(sources)
    po = sources / "locale/django.po"
    messages.write(messages.merge(found, messages.read_catalog(po), {"Orders": "订单"}), po)
    po.write_text(po.read_text().replace("订单", "单据"))

    assert messages.check_compiled(messages.read_catalog(po), po.with_suffix(".mo")) == [
        "django.mo is stale, run scripts/messages.py"
    ]
