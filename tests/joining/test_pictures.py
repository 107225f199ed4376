"""Codes are read back from the pictures module by module: no scanner is among the dependencies."""

import io

import pytest
import segno
from django.utils import translation
from joining.poster import A4, PHONE, PosterText, render_poster_pdf, render_poster_png
from joining.qr import QUIET_ZONE, qr_matrix, render_qr_data_uri, render_qr_png, render_qr_svg
from PIL import Image

URL = "https://demo.example.com/j/welcome"
TEXT = PosterText(shop_name="乐享生鲜超市", headline="满40减8", detail="领取后 30 天内有效", url=URL)


def dark_modules(image: Image.Image, left: int, top: int, module: int, count: int) -> tuple[tuple[int, ...], ...]:
    grey = image.convert("L")

    def is_dark(column: int, row: int) -> int:
        value = grey.getpixel((left + column * module + module // 2, top + row * module + module // 2))
        assert isinstance(value, int)
        return int(value < 128)

    return tuple(tuple(is_dark(column, row) for column in range(count)) for row in range(count))


def test_the_png_holds_the_code_with_its_quiet_zone() -> None:
    image = Image.open(io.BytesIO(render_qr_png(URL, scale=16)))
    count = len(qr_matrix(URL))

    assert image.size == ((count + 2 * QUIET_ZONE) * 16,) * 2
    assert dark_modules(image, QUIET_ZONE * 16, QUIET_ZONE * 16, 16, count) == qr_matrix(URL)
    assert image.convert("L").crop((0, 0, image.width, QUIET_ZONE * 16)).getextrema() == (255, 255)


def test_the_svg_scales_and_names_no_other_host() -> None:
    svg = render_qr_svg(URL).decode()

    assert svg.startswith("<svg")
    assert "viewBox" in svg
    assert svg.count("http") == svg.count("http://www.w3.org/2000/svg") == 1


def test_a_coupons_code_is_small_enough_to_come_with_the_page() -> None:
    assert len(render_qr_data_uri("K3J9XYZ01234")) < 600


def test_damage_to_a_corner_can_be_mended() -> None:
    assert segno.make(URL, error="m", micro=False).error == "M"
    assert len(qr_matrix(URL)) == 29


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        PosterText(shop_name="x" * 100, headline="Get 15% off from $1,000.00", detail="", url=URL + "x" * 300),
        PosterText(shop_name="名" * 100, headline="很" * 60, detail="期" * 200, url=URL),
    ],
)
def test_a_poster_of_any_text_fits_its_page(language: str, text: PosterText) -> None:
    with translation.override(language):
        picture = Image.open(io.BytesIO(render_poster_png(text)))
        document = render_poster_pdf(text)

    assert picture.size == PHONE
    assert len(render_poster_png(text)) < 300_000
    assert document.startswith(b"%PDF-")
    assert document.count(b"/Type /Page\n") == 1
    edge = picture.convert("RGB").crop((0, 0, 12, PHONE[1]))
    assert edge.getcolors(4) is not None  # nothing but ground: no text runs off the side


def test_the_code_on_the_poster_is_the_links_address() -> None:
    picture = Image.open(io.BytesIO(render_poster_png(TEXT)))
    count = len(qr_matrix(URL))
    left, top, right, bottom = _code_area(picture)

    module = (right - left) // count
    assert (right - left, bottom - top) == (module * count, module * count)
    assert dark_modules(picture, left, top, module, count) == qr_matrix(URL)


def test_an_a4_page_is_drawn_in_its_proportions() -> None:
    assert A4[1] / A4[0] == pytest.approx(297 / 210, rel=0.001)


def _code_area(picture: Image.Image) -> tuple[int, int, int, int]:
    """The square of dark marks below the white card's upper edge and above the words under the code."""
    grey = picture.convert("L")
    card = grey.point(lambda value: 255 if value > 250 else 0)
    card_top = next(y for y in range(grey.height) if card.crop((300, y, 780, y + 1)).getextrema() == (255, 255))
    ink = grey.crop((0, card_top, grey.width, grey.height)).point(lambda value: 255 if value < 60 else 0)
    box = ink.getbbox()
    assert box is not None
    left, top, right, _ = box
    return left, card_top + top, right, card_top + top + (right - left)
