"""Whether the shop is loaded: its first opening entry says so, written with everything else or not at all."""

from stock.models import Entry

ACTOR = "demo"
_PREFIX = "demo data, "


def make_reference(size: str) -> str:
    """Return what the opening entries of a load refer to."""
    return f"{_PREFIX}{size}"


def find_loaded_size() -> str | None:
    """Return the size that was loaded, or None. Must run inside the shop's transaction; one statement."""
    references = Entry.objects.filter(kind=Entry.Kind.OPENING, actor=ACTOR).order_by("id")
    reference = references.values_list("reference", flat=True).first()
    return reference.removeprefix(_PREFIX) if reference else None
