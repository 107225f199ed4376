"""Faults in a sentence."""

from collections.abc import Sequence

from promotions.engine import Fault


def summarize(faults: Sequence[Fault]) -> str:
    """The first few faults, each with its place."""
    return "; ".join(f"{fault.path} {fault.message}" for fault in faults[:5])
