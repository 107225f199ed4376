"""Posters of a join link: A4 to print, and a picture of a phone screen's shape to send on.

Both are one drawing in units of the page's width, so that one layout serves every size.
"""

import io
from dataclasses import dataclass
from functools import cache
from importlib.metadata import files

from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from joining.qr import qr_matrix

A4_DPI = 200
A4 = (1654, 2339)  # 210 × 297 mm at that density
PHONE = (1080, 1920)

GROUND = "#1f5eff"
GROUND_DEEP = "#1746c4"
CARD = "#ffffff"
INK = "#1d2939"
PALE = "#dbe6ff"
GOLD = "#ffe08a"
# The font's own shapes are those of traditional Chinese; the language picks the simplified ones.
_LANGUAGE = "zh-Hans"


@dataclass(frozen=True, slots=True)
class PosterText:
    """What a poster says: who, what for, and the address for those who cannot scan."""

    shop_name: str
    headline: str
    detail: str
    url: str
    logo: bytes | None = None  # a picture that Pillow reads


def render_poster_pdf(text: PosterText) -> bytes:
    """Return one A4 page as PDF, in the active language."""
    out = io.BytesIO()
    _draw(text, A4).save(out, format="PDF", resolution=A4_DPI, quality=90, title=text.shop_name)
    return out.getvalue()


def render_poster_png(text: PosterText) -> bytes:
    """Return a picture of 1080 × 1920 pixels as PNG, in the active language."""
    out = io.BytesIO()
    _draw(text, PHONE).quantize(64).save(out, format="PNG", optimize=True)
    return out.getvalue()


def _draw(text: PosterText, size: tuple[int, int]) -> Image.Image:
    width, height = size
    ratio = height / width
    image = Image.new("RGB", size, GROUND)
    pen = _Pen(ImageDraw.Draw(image), width)
    # A plain ground with a darker disc behind the code: it prints cheaply and leads the eye there.
    pen.circle((0.5, ratio), 0.78, GROUND_DEEP)
    side = 0.46 if ratio < 1.6 else 0.56
    card_top = ratio - 0.18 - _card_height(side)
    lines = _words(pen, text)
    logo_height = _LOGO + _LOGO_GAP if text.logo else 0
    y = (card_top - logo_height - sum(line.gap + line.size * _LEADING for line in lines)) / 2
    if text.logo:
        pen.picture(image, text.logo, y)
        y += logo_height
    for line in lines:
        y = pen.line(line, y)
    _draw_card(pen, text, card_top, side)
    y = pen.line(_Line(_address(text.url), 0.024, PALE, gap=0.018), card_top + _card_height(side))
    pen.line(_Line(_("No app, no form: just your phone number"), 0.034, CARD, gap=0.022), y)
    return image


def _words(pen: "_Pen", text: PosterText) -> list["_Line"]:
    """Who and what for, from the top; a headline too long for one line takes two smaller ones."""
    parts = pen.break_in_two(text.headline, 0.14)
    size = 0.14 if len(parts) == 1 else 0.11
    return [
        _Line(text.shop_name, 0.058, CARD, bold=True),
        _Line(_("Scan to join and get"), 0.04, PALE, gap=0.03),
        *(_Line(part, size, GOLD, bold=True, gap=0 if at else 0.012) for at, part in enumerate(parts)),
        *([_Line(text.detail, 0.034, PALE, gap=0.03)] if text.detail else []),
    ]


_LOGO, _LOGO_GAP = 0.13, 0.03  # height of the logo with its white ground
_PADDING = 0.065  # round the code, at least its quiet zone of four modules
_FOOT = 0.075


def _card_height(side: float) -> float:
    return side + _PADDING * 2 + _FOOT


def _draw_card(pen: "_Pen", text: PosterText, y: float, side: float) -> None:
    """The white card with the code and how to use it."""
    half = side / 2 + _PADDING
    pen.box((0.5 - half, y, 0.5 + half, y + _card_height(side)), CARD, radius=0.03)
    pen.code(text.url, (0.5 - side / 2, y + _PADDING), side)
    hint = _Line(_("Scan with WeChat, Alipay or the camera"), 0.028, INK, bold=True, gap=0.03)
    pen.line(hint, y + _PADDING + side)


def _address(url: str) -> str:
    return url.split("://", 1)[-1]


_LEADING = 1.2
_SMALLEST = 0.018
_ROOM = 0.88  # of the width, for text


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float
    fill: str
    bold: bool = False
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws in units of the page's width, centred; what is too wide is set smaller."""

    draw: ImageDraw.ImageDraw
    width: int

    def line(self, line: _Line, y: float) -> float:
        """Write a line below its gap and return the y of its lower edge."""
        text, pixels = self._fit(line.text, line.size)
        self.draw.text(
            (self.width / 2, (y + line.gap) * self.width),
            text,
            font=_font(pixels),
            fill=line.fill,
            anchor="ma",
            # The package has one weight; a thin outline makes the bold.
            stroke_width=pixels / 40 if line.bold else 0,
            stroke_fill=line.fill,
            language=_LANGUAGE,
        )
        return y + line.gap + line.size * _LEADING

    def picture(self, page: Image.Image, data: bytes, y: float) -> None:
        """Put a logo in the middle, on white, because nobody knows its colours."""
        logo = Image.open(io.BytesIO(data)).convert("RGBA")
        inner = round(_LOGO * 0.8 * self.width)
        scale = min(inner / logo.height, 4 * inner / logo.width)
        logo = logo.resize((max(round(logo.width * scale), 1), max(round(logo.height * scale), 1)))
        half = (logo.width / self.width + _LOGO * 0.2) / 2
        self.box((0.5 - half, y, 0.5 + half, y + _LOGO), CARD, radius=0.02)
        top = round((y + _LOGO / 2) * self.width - logo.height / 2)
        page.paste(logo, (round(self.width / 2 - logo.width / 2), top), logo)

    def break_in_two(self, text: str, size: float) -> list[str]:
        """Keep what fits; else break between words, in Chinese anywhere, where the longer line is shortest."""
        pixels = round(size * self.width)
        joint = " " if " " in text else ""
        words = text.split(" ") if joint else list(text)
        if len(words) < 2 or self._length(text, pixels) <= _ROOM * self.width:
            return [text]
        cuts = ([joint.join(words[:at]), joint.join(words[at:])] for at in range(1, len(words)))
        return min(cuts, key=lambda cut: max(self._length(part, pixels) for part in cut))

    def box(self, corners: tuple[float, float, float, float], fill: str, *, radius: float) -> None:
        self.draw.rounded_rectangle([c * self.width for c in corners], radius=radius * self.width, fill=fill)

    def circle(self, centre: tuple[float, float], radius: float, fill: str) -> None:
        self.draw.circle((centre[0] * self.width, centre[1] * self.width), radius * self.width, fill=fill)

    def code(self, content: str, corner: tuple[float, float], side: float) -> None:
        """Draw a QR code whose modules are whole pixels: edges that fall between pixels scan worse."""
        matrix = qr_matrix(content)
        module = int(side * self.width // len(matrix))
        spare = (side * self.width - module * len(matrix)) / 2
        left, top = (round(c * self.width + spare) for c in corner)
        for row, modules in enumerate(matrix):
            for column, is_dark in enumerate(modules):
                if is_dark:
                    x, y = left + column * module, top + row * module
                    self.draw.rectangle((x, y, x + module - 1, y + module - 1), fill=INK)

    def _length(self, text: str, pixels: int) -> float:
        return float(_font(pixels).getlength(text, language=_LANGUAGE))

    def _fit(self, text: str, size: float) -> tuple[str, int]:
        """The text and its size in pixels: set smaller as long as it can be read, then cut short."""
        pixels, room = round(size * self.width), _ROOM * self.width
        length = self._length(text, pixels)
        if length <= room:
            return text, pixels
        smaller = max(int(pixels * room / length), round(_SMALLEST * self.width))
        while self._length(text, smaller) > room:
            text = text[:-2].rstrip() + "…"
        return text, smaller


@cache
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    """The Chinese font of the package that brings it; loading takes longer than drawing, so sizes are kept."""
    return ImageFont.truetype(_font_path(), pixels, layout_engine=ImageFont.Layout.RAQM)


@cache
def _font_path() -> str:
    for file in files("cvttf-notosanscjk-regular") or ():
        if file.suffix == ".otf" and (path := file.locate()).exists():  # type: ignore[attr-defined]
            return str(path)
    raise FileNotFoundError("The font of cvttf-notosanscjk-regular is missing: install the package again.")
