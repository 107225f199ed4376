"""Pictures of the product on the public site, taken of the demo shop by scripts/pictures.py."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """Size in pixels; there is a file for each language and theme."""

    width: int
    height: int


PICTURES: Mapping[str, Picture] = {
    "console": Picture(1100, 690),
    "coupon": Picture(1100, 690),
    "join_link": Picture(1100, 690),
    "order": Picture(1100, 690),
    "join": Picture(390, 760),
    "wallet": Picture(390, 760),
}
LIGHT, DARK = "light", "dark"
KINDS = ("avif", "webp")  # the smaller one, and the one that older browsers know


def file_of(name: str, *, language: str, theme: str, kind: str) -> str:
    """The static file of a picture."""
    return f"website/pictures/{name}-{language}-{theme}.{kind}"
