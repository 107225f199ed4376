"""What a sent mail leaves: that it was sent, to whom and about what. Its links sign people in, so its text goes."""

from datetime import datetime, timedelta

from django.db.models import Q

from messaging.models import Email

KEPT = timedelta(days=90)
UNDELIVERED = timedelta(days=30)  # nobody tries any more, and no link is valid so long
BATCH = 1_000


def forget_emails(*, now: datetime) -> bool:
    """Blank a batch of texts that no longer serve, delete a batch of old messages; tell whether more may be left.

    A message with a key stays without its text: the key says that it was written. Of the shop that is entered.
    """
    over = Q(sent_at__isnull=False) | Q(created_at__lt=now - UNDELIVERED)
    texts = Email.objects.filter(over & ~Q(text="", html=""))
    old = Email.objects.filter(key=None, created_at__lt=now - KEPT)
    blanked = Email.objects.filter(pk__in=texts.values("pk")[:BATCH]).update(text="", html="")
    deleted, _ = Email.objects.filter(pk__in=old.values("pk")[:BATCH]).delete()
    return BATCH in {blanked, deleted}
