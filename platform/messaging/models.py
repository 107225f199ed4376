"""The e-mail queue."""

from django.db import models
from django.db.models.functions import Now


class Email(models.Model):
    """One message, kept after sending as the delivery log, without its text."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - most mails have none
    from_email = models.TextField()
    to = models.JSONField()
    subject = models.TextField()
    text = models.TextField()
    html = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    last_error = models.TextField(default="", db_default="")

    class Meta:
        indexes = [models.Index(fields=["next_attempt_at"], condition=models.Q(sent_at=None), name="email_unsent")]
        constraints = [models.UniqueConstraint(fields=["key"], name="email_key_once")]

    def __str__(self) -> str:
        return self.subject
