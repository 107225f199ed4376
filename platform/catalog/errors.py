"""What the catalog refuses.

DomainError
├── InvalidInput
│   ├── SkuTaken          another variant has the SKU
│   ├── BarcodeTaken      another variant has the barcode
│   └── SlugTaken         another product has the slug
└── NotFound
    ├── ProductUnknown
    └── CategoryUnknown
"""

from kernel.errors import InvalidInput, NotFound


class SkuTaken(InvalidInput):
    """A SKU names one variant in the whole shop."""

    code = "SKU_TAKEN"


class BarcodeTaken(InvalidInput):
    """A barcode names one variant in the whole shop."""

    code = "BARCODE_TAKEN"


class SlugTaken(InvalidInput):
    """A slug names one product in the whole shop."""

    code = "SLUG_TAKEN"


class ProductUnknown(NotFound):
    """Deleted or never there."""


class CategoryUnknown(NotFound):
    """No category has this path."""
