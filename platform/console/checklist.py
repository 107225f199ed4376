"""What a new shop has still to do, told by what is there."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps of a new shop, each done by itself once its work is there. Samples do not count as work.

    A link counts with a coupon alone: who joins by another gets nothing. Samples may be had or not: without them the
    shop is set up as well.
    """

    has_samples: bool  # they are in now
    had_samples: bool  # they are in, or were
    has_logo: bool
    has_product: bool
    has_coupon: bool
    has_link: bool
    is_hidden: bool

    @property
    def steps(self) -> Sequence[bool]:
        """Whether each step is done."""
        return [self.had_samples, self.has_logo, self.has_product, self.has_coupon, self.has_link]

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(self.steps)

    @property
    def is_complete(self) -> bool:
        """Whether every step is done that a shop needs."""
        return all([self.has_logo, self.has_product, self.has_coupon, self.has_link])


def get_checklist() -> Checklist:
    """One statement; each part is answered by an index."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECKLIST)
        row = cursor.fetchone()
    return Checklist(*row)


_OWN = "NOT EXISTS (SELECT FROM onboarding_samplerow s WHERE s.kind = '{kind}' AND s.object_id = {table}.id)"
_CHECKLIST = f"""
SELECT EXISTS (SELECT FROM onboarding_samplerow),
       EXISTS (SELECT FROM onboarding_samplerow)
           OR EXISTS (SELECT FROM onboarding_checklist WHERE sampled_at IS NOT NULL),
       EXISTS (SELECT FROM branding_logo),
       EXISTS (SELECT FROM catalog_product WHERE sample_free AND status = 'active'),
       EXISTS (SELECT FROM coupons_batch WHERE {_OWN.format(kind="batch", table="coupons_batch")}),
       EXISTS (SELECT FROM joining_joinlink WHERE batch_id IS NOT NULL
                  AND {_OWN.format(kind="link", table="joining_joinlink")}),
       EXISTS (SELECT FROM onboarding_checklist WHERE hidden_at IS NOT NULL)
""".replace("sample_free", _OWN.format(kind="product", table="catalog_product"))  # noqa: S608 - constants alone
