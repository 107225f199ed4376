"""What a benchmark found."""

from dataclasses import dataclass
from typing import Any

from bench.measure import Samples


@dataclass(frozen=True)
class Row:
    """One contestant under one condition; `ratio_to_floor` compares CPU time and is None for the floor itself."""

    label: str
    figures: dict[str, float | int]
    ratio_to_floor: float | None


@dataclass(frozen=True)
class Report:
    """All rows of a benchmark, and in a sentence what was done."""

    name: str
    about: str
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "name": self.name,
            "about": self.about,
            "rows": [
                {"label": row.label, **row.figures, "cpu_ratio_to_floor": row.ratio_to_floor} for row in self.rows
            ],
        }


def compare(label: str, results: dict[str, Samples], suffix: str = "") -> list[Row]:
    """Return the rows of one run of floor and Laxin in turn."""
    floor, laxin = results["floor"].summary(), results["laxin"].summary()
    ratio = round(laxin["cpu_ms"] / floor["cpu_ms"], 2) if floor["cpu_ms"] else None
    return [Row(f"floor{suffix}", floor, None), Row(f"{label}{suffix}", laxin, ratio)]
