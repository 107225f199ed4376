"""Public tables of billing. What stands here about Stripe was fetched there; nothing else is believed."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.plans import name_of_plan
from tenants.models import Shop


class Account(models.Model):
    """What we know about one shop's paying. Every change counts `version` up, so old news is not written over new."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)  # lower case, as Stripe writes it; a customer there keeps its currency
    trial_ends_at = models.DateTimeField(null=True)
    customer_id = models.CharField(max_length=255, null=True, unique=True)  # noqa: DJ001  unique where given
    subscription_id = models.CharField(max_length=255, null=True, unique=True)  # noqa: DJ001
    status = models.CharField(max_length=30, default="")  # Stripe's word; "" never subscribed
    plan = models.CharField(max_length=20, default="")
    interval = models.CharField(max_length=5, default="")
    period_ends_at = models.DateTimeField(null=True)
    cancel_at_period_end = models.BooleanField(default=False)
    ends_at = models.DateTimeField(null=True)
    schedule_id = models.CharField(max_length=255, default="")
    pending_plan = models.CharField(max_length=20, default="")
    pending_interval = models.CharField(max_length=5, default="")
    past_due_since = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # of the last subscription that ended
    version = models.PositiveIntegerField(default=0)
    synced_at = models.DateTimeField(null=True)
    deletion_warned_at = models.DateTimeField(null=True)  # nothing is deleted that was not announced
    next_review_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subscription_id=None) | ~Q(customer_id=None), name="account_subscription_has_a_customer"
            ),
        ]
        indexes = [
            models.Index(fields=["next_review_at"], name="account_next_review"),
            models.Index(F("synced_at").asc(nulls_first=True), name="account_synced"),
        ]

    def __str__(self) -> str:
        return str(self.shop)


class Checkout(models.Model):
    """A payment page that we opened. A prepaid year counts once it is paid as we asked for it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="checkouts")
    session_id = models.CharField(max_length=255, unique=True)
    plan = models.CharField(max_length=20)
    interval = models.CharField(max_length=5)
    is_prepay = models.BooleanField()
    amount_minor = models.PositiveBigIntegerField()
    credit_minor = models.PositiveBigIntegerField(default=0, db_default=0)  # for a smaller year's rest: begins at once
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)  # false: paid or expired; nothing more is to be learnt of it
    awaited_until = models.DateTimeField(null=True)  # filled in, and the money is on its way
    paid_at = models.DateTimeField(null=True)
    begins_at = models.DateTimeField(null=True)  # of a prepaid year: not before this, for until then all is paid
    after_subscription_id = models.CharField(max_length=255, default="", db_default="")  # what ends then
    payment_intent_id = models.CharField(max_length=255, default="", db_default="")  # of a prepaid year, once paid
    doubtful_minor = models.PositiveBigIntegerField(default=0, db_default=0)  # refunded, or asked back by a bank
    returned_at = models.DateTimeField(null=True)  # when the last of the money was refunded or lost in a dispute

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(is_open=False) | Q(paid_at=None), name="checkout_paid_is_closed"),
        ]
        indexes = [models.Index(fields=["account"], condition=Q(is_open=True), name="checkout_open")]

    def __str__(self) -> str:
        return self.session_id


class PaymentEvent(models.Model):
    """An event that Stripe sent. Only what finds the account is kept: the objects themselves are fetched."""

    class State(models.TextChoices):
        """`dead` waits for a person; `ignored` concerns none of our accounts."""

        PENDING = "pending"
        DONE = "done"
        IGNORED = "ignored"
        DEAD = "dead"

    event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=255, default="")
    customer_id = models.CharField(max_length=255, default="")
    subscription_id = models.CharField(max_length=255, default="")
    payment_intent_id = models.CharField(max_length=255, default="", db_default="")
    stripe_account = models.CharField(max_length=255, default="")
    is_live = models.BooleanField()
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+")
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    processed_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "done", "ignored", "dead"]), name="payment_event_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="pending") | Q(next_attempt_at__isnull=False), name="payment_event_pending_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="pending"), name="payment_event_due"),
            models.Index(fields=["account", "-id"], name="payment_event_account"),
            models.Index(fields=["state", "-id"], name="payment_event_state"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.type}"


class PlanOverride(models.Model):
    """A plan that an operator gave a shop, with the reason; it holds whatever the shop pays, until it ends."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="overrides")
    plan = models.CharField(max_length=20)
    reason = models.TextField()
    operator = models.CharField(max_length=254)
    starts_at = models.DateTimeField()
    until = models.DateTimeField(null=True)  # None: until it is ended by hand
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="plan_override_has_a_reason"),
            models.UniqueConstraint(fields=["account"], condition=Q(ended_at=None), name="plan_override_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return name_of_plan(self.plan)


class Alert(models.Model):
    """Something that a person has to look at. One row a matter (`key`) as long as it is not resolved."""

    key = models.CharField(max_length=255)
    kind = models.CharField(max_length=40)
    detail = models.TextField()
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+")
    raised_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(resolved_at=None), name="billing_alert_once"),
        ]

    def __str__(self) -> str:
        return self.key
