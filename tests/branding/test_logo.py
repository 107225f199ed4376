"""What is uploaded as a logo is checked, written anew and kept in the shop."""

import base64
import gzip
import io
from datetime import datetime

import pytest
from branding.models import Logo
from branding.selectors import as_data_uri, find_mark, get_logo
from branding.services import MOST_BYTES, MOST_BYTES_OF_MARK, remove_logo, set_logo
from django.core.cache import cache
from django.utils import translation
from joining.poster import PosterText, render_poster_png
from joining.services import create_join_link
from kernel.errors import InvalidInput
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from tenants.models import Shop
from tests.conftest import ClientFor

pytestmark = pytest.mark.usefixtures("shop")


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(out, format=kind)
    return out.getvalue()


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_written_anew_small_enough_and_in_its_proportions(kind: str, now: datetime) -> None:
    set_logo(data=picture(kind), now=now)

    logo = opened(get_logo())
    assert (logo.format, logo.size) == ("WEBP", (512, 171))
    mark = opened(base64.b64decode(find_mark().removeprefix("data:image/webp;base64,")))
    assert mark.format == "WEBP"
    assert max(mark.size) <= 64


def test_the_small_logo_weighs_little_whatever_was_given(now: datetime) -> None:
    set_logo(data=picture(size=(512, 512)), now=now)

    assert len(bytes(Logo.objects.get().mark)) <= MOST_BYTES_OF_MARK


def test_a_small_picture_is_not_blown_up_and_keeps_what_is_clear(now: datetime) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 20), (255, 0, 0, 0)).save(out, format="PNG")

    set_logo(data=out.getvalue(), now=now)

    logo = opened(get_logo()).convert("RGBA")
    assert logo.size == (40, 20)
    assert logo.getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_nothing_of_the_file_but_the_picture_is_kept(now: datetime) -> None:
    notes = PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    out = io.BytesIO()
    Image.new("RGB", (30, 30)).save(out, format="PNG", pnginfo=notes)

    set_logo(data=out.getvalue() + b"<?php evil ?>", now=now)

    kept = bytes(Logo.objects.get().image)
    assert b"script" not in kept
    assert b"php" not in kept


def test_a_picture_taken_with_a_turned_phone_stands_upright(now: datetime) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (80, 20)).save(out, format="JPEG", exif=exif)

    set_logo(data=out.getvalue(), now=now)

    assert opened(get_logo()).size == (20, 80)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture("GIF"), picture()[:2000],
     b"\x89PNG\r\n\x1a\n" + b"\0" * 90, b"x" * (MOST_BYTES + 1)],
    ids=["empty", "text", "svg", "gif", "cut off", "a broken head", "too many bytes"],
)  # fmt: skip
def test_what_is_no_picture_is_refused_and_the_logo_stays(data: bytes, now: datetime) -> None:
    set_logo(data=picture(), now=now)
    before = get_logo()

    with pytest.raises(InvalidInput) as caught:
        set_logo(data=data, now=now)

    assert list(caught.value.field or []) == ["logo"]
    assert get_logo() == before


def test_a_small_file_that_unpacks_to_something_huge_is_refused(now: datetime) -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, format="PNG")
    assert len(out.getvalue()) < MOST_BYTES

    with pytest.raises(InvalidInput):
        set_logo(data=out.getvalue(), now=now)


@pytest.mark.parametrize(
    ("kind", "size", "options", "limit"),
    [
        ("PNG", (3000, 3001), {}, "9 million"),
        ("WEBP", (3000, 3001), {"method": 0}, "9 million"),
        ("JPEG", (3000, 3001), {"progressive": True}, "9 million"),
        ("JPEG", (60_000, 160), {}, "9 million"),
        ("JPEG", (6000, 6667), {}, "40 million"),
    ],
    ids=["png", "webp", "progressive jpeg", "long and thin jpeg", "jpeg"],
)
def test_a_tiny_file_with_many_pixels_is_refused_by_a_limit_it_names(
    kind: str, size: tuple[int, int], options: dict[str, object], limit: str, now: datetime
) -> None:
    out = io.BytesIO()
    Image.new("L", size).save(out, format=kind, **options)

    with translation.override("en"), pytest.raises(InvalidInput, match=limit):
        set_logo(data=out.getvalue(), now=now)


def test_a_cameras_jpeg_is_unpacked_small_and_taken(now: datetime) -> None:
    out = io.BytesIO()
    Image.new("L", (6000, 4000)).save(out, format="JPEG")

    set_logo(data=out.getvalue(), now=now)

    assert opened(get_logo()).size == (512, 341)


def test_the_colour_that_a_picture_calls_clear_stays_clear(now: datetime) -> None:
    out = io.BytesIO()
    Image.new("L", (800, 800), 3).save(out, format="PNG", transparency=3)

    set_logo(data=out.getvalue(), now=now)

    assert opened(get_logo()).convert("RGBA").getpixel((9, 9))[3] == 0  # type: ignore[index]


def test_pages_ask_the_database_once_a_minute(
    now: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    assert find_mark() == ""
    with django_assert_num_queries(0):
        assert find_mark() == ""

    with django_capture_on_commit_callbacks(execute=True):
        set_logo(data=picture(), now=now)
    assert find_mark() == as_data_uri(bytes(Logo.objects.get().mark))

    with django_capture_on_commit_callbacks(execute=True):
        remove_logo()
    assert find_mark() == ""
    assert get_logo() is None


def test_a_poster_shows_it(now: datetime) -> None:
    cache.clear()
    set_logo(data=picture(), now=now)
    with_logo, without = (
        render_poster_png(PosterText("Tea House", "$8 off", "Welcome", "https://x.example/j/a", logo=logo))
        for logo in (get_logo(), None)
    )

    assert opened(with_logo).size == opened(without).size
    assert with_logo != without


def test_the_join_page_carries_it_within_its_first_flight(shop: Shop, client_for: ClientFor, now: datetime) -> None:
    create_join_link(name="Till", code="till", batch_id=None, channel="", opens_at=None, closes_at=None, now=now)
    set_logo(data=picture(size=(512, 512)), now=now)

    page = client_for(shop).get("/j/till").content

    assert b'src="data:image/webp;base64,' in page
    assert len(gzip.compress(page)) <= 6 * 1024
