"""QR codes of addresses and coupon codes: SVG for print, PNG for phones (a long press needs a picture)."""

import base64
import io
from typing import Any

import segno

QUIET_ZONE = 4  # modules; scanners rely on it


def render_qr_svg(content: str) -> bytes:
    """Return an SVG that scales to any size: black on white, so that it can be scanned on any ground."""
    return _save(content, kind="svg", light="#fff", xmldecl=False, svgns=True, svgclass=None, omitsize=True)


def render_qr_png(content: str, *, scale: int = 16) -> bytes:
    """Return a PNG of `scale` pixels a module: an address comes to about 600 pixels, fit for print and chat."""
    return _save(content, kind="png", scale=scale)


def render_qr_data_uri(content: str) -> str:
    """Return a small PNG as a `data:` address, for a page that must come in one request."""
    return "data:image/png;base64," + base64.b64encode(render_qr_png(content, scale=8)).decode()


def qr_matrix(content: str) -> tuple[tuple[int, ...], ...]:
    """Return the dark (1) and light (0) modules without quiet zone, row by row."""
    return tuple(tuple(row) for row in _make(content).matrix)


def _make(content: str) -> segno.QRCode:
    # Level M survives a fingerprint on the counter's card; higher levels make denser codes that scan worse from afar.
    return segno.make(content, error="m", micro=False)


def _save(content: str, **options: Any) -> bytes:
    out = io.BytesIO()
    _make(content).save(out, border=QUIET_ZONE, **options)
    return out.getvalue()
