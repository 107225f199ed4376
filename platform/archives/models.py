"""The job and the pieces of its file."""

from django.db import models


class Archive(models.Model):
    """The one job of the shop: a row that the next job takes over."""

    class State(models.TextChoices):
        """A job is written by whoever claimed it (`run`); a waiting one has not been claimed yet."""

        WAITING = "waiting"
        WRITING = "writing"
        READY = "ready"
        FAILED = "failed"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    state = models.CharField(max_length=10, choices=State.choices)
    run = models.PositiveIntegerField(default=1)
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    beat_at = models.DateTimeField()  # when the job last showed a sign of life
    done = models.BigIntegerField(default=0)  # of the tables' bytes, about
    total = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)  # bytes of the file
    rows = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="archive_is_one"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "writing", "ready", "failed"]), name="archive_state_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="ready") | models.Q(expires_at__isnull=False), name="archive_ready_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"archive, {self.state}"


class Piece(models.Model):
    """A part of the file that a run wrote; `number` counts from 1."""

    run = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="archive_piece_once")]

    def __str__(self) -> str:
        return f"piece {self.number} of run {self.run}"
