#!/usr/bin/env python
"""`laxin` for those who look for manage.py."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "platform"), str(Path(__file__).parent)]

if __name__ == "__main__":
    from config.cli import main

    sys.exit(main())
