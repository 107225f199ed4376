"""Setting and removing the logo. Both run inside a tenant transaction."""

import io
import warnings
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput
from PIL import Image, ImageOps, UnidentifiedImageError

from branding.models import Logo
from branding.selectors import mark_key
from tenants.transaction import current_shop

MOST_BYTES = 4_000_000
MOST_PIXELS = 40_000_000  # of a JPEG that is decoded at a fraction of its size
MOST_UNPACKED = 9_000_000  # of all others, a large screen: a tiny file may hold them, and a WebP takes 16 bytes each
LONGEST_SIDE = 512
MOST_BYTES_OF_MARK = 1_200
MARKS = ((64, 80), (64, 50), (48, 50), (48, 20), (32, 20))  # side and quality, from good to small
FORMATS = ("PNG", "JPEG", "WEBP")


def set_logo(*, data: bytes, now: datetime) -> None:
    """Make a PNG, JPEG or WebP picture the shop's logo, written anew. Raises `InvalidInput` for `logo`."""
    picture = _decode(data)
    Logo.objects.update_or_create(
        pk=1,
        defaults={
            "image": _encode(picture, LONGEST_SIDE, quality=90),
            "mark": _encode_mark(picture),
            "updated_at": now,
        },
    )
    _forget_mark()


def remove_logo() -> bool:
    """Go back to the shop's name alone; tell whether there was a logo."""
    deleted, _counts = Logo.objects.filter(pk=1).delete()
    _forget_mark()
    return deleted > 0


def _decode(data: bytes) -> Image.Image:
    """The picture upright and at most LONGEST_SIDE long: what follows holds no large one in memory."""
    if len(data) > MOST_BYTES:
        raise _refuse(_("The picture may have at most %(limit)d MB.") % {"limit": MOST_BYTES // 1_000_000})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of pictures that unpack to something huge
            picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
            # Of a progressive JPEG all is held unpacked, whatever the size asked for.
            unpacks_small = picture.format == "JPEG" and not picture.info.get("progressive")
            _check_pixels(picture, MOST_PIXELS if unpacks_small else MOST_UNPACKED)
            picture.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
            _check_pixels(picture, MOST_UNPACKED)  # a long and thin one is decoded in full
            picture.load()
            if picture.mode not in ("RGB", "RGBA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            return ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, Warning, OSError, ValueError, SyntaxError) as error:
        raise _refuse(_("This is no picture that can be read. Choose a PNG, JPEG or WebP file.")) from error


def _check_pixels(picture: Image.Image, limit: int) -> None:
    if picture.width * picture.height > limit:
        text = _("The picture has too many pixels: at most %(limit)d million. Make it smaller first.")
        raise _refuse(text % {"limit": limit // 1_000_000})


def _encode(picture: Image.Image, side: int, *, quality: int) -> bytes:
    out = io.BytesIO()
    smaller = picture.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    smaller.save(out, format="WEBP", quality=quality, method=6, exact=False)
    return out.getvalue()


def _encode_mark(picture: Image.Image) -> bytes:
    """So small that the join page, which carries it, stays within its first flight."""
    marks = (_encode(picture, side, quality=quality) for side, quality in MARKS)
    return next((mark for mark in marks if len(mark) <= MOST_BYTES_OF_MARK), b"") or _encode(picture, 16, quality=0)


def _refuse(message: str) -> InvalidInput:
    return InvalidInput(message, field=["logo"])


def _forget_mark() -> None:
    key = mark_key(current_shop())  # the hook runs after the shop was left
    transaction.on_commit(lambda: cache.delete(key))
