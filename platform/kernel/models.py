"""Rows that the kernel writes inside a shop's schema."""

from django.db import models
from django.db.models.functions import Now


class IdempotencyKey(models.Model):
    """The answer once given to a caller's key; written in the same transaction as the work it stands for."""

    mutation = models.TextField()
    caller = models.TextField()
    key = models.TextField()
    body_hash = models.TextField()
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mutation", "caller", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_created")]

    def __str__(self) -> str:
        return f"{self.mutation} {self.key}"


class OutboxEvent(models.Model):
    """News for listeners above the writer's layer, delivered at least once, after the commit, by the relay."""

    id = models.BigAutoField(primary_key=True)
    topic = models.TextField()
    payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())
    available_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    delivered_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="", db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["available_at", "id"], condition=models.Q(delivered_at=None), name="outbox_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.topic}"


class Usage(models.Model):
    """How much of a limited resource the shop uses. Written by triggers alone, see `kernel.usage`."""

    resource = models.TextField(primary_key=True)
    used = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.resource}: {self.used}"
