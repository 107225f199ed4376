import re
from pathlib import Path

from config.env import VARIABLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"^\| `(LAXIN_\w+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)


def test_every_variable_is_documented_as_the_code_has_it() -> None:
    documented = ROW.findall(DOCUMENT.read_text())

    assert documented == [(variable.name, variable.default, variable.meaning) for variable in VARIABLES]
