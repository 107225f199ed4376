"""The settings of tests: an environment of their own, whatever runs or is set on this machine.

`tests/conftest.py` puts the addresses of its throwaway database server into `DATABASES`.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Prepared data of the test database; everything else of a test run lies in folders of its own.
# Workers of pytest-xdist have the environment of the process that started them: that one says where it is.
_TOLD = "PYTEST_LAXIN_CACHE"
TEST_CACHE = Path(
    os.environ.get(_TOLD) or Path(os.environ.get("LAXIN_HOME") or ROOT / ".laxin") / "test-cache"
).resolve()
os.environ[_TOLD] = str(TEST_CACHE)

for name in [name for name in os.environ if name.startswith("LAXIN_")]:
    del os.environ[name]
os.environ["LAXIN_ENV"] = "test"
os.environ["LAXIN_HOME"] = str(TEST_CACHE / "home")

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

# Tests change the database within one process; the processes that they start have the pool.
del DATABASES["default"]["OPTIONS"]["pool"]
