"""The logo."""

from django.db import models


class Logo(models.Model):
    """The one logo of the shop: as WebP in full, and so small that pages carry it in themselves."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    image = models.BinaryField()
    mark = models.BinaryField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="logo_is_one")]

    def __str__(self) -> str:
        return "logo"
