"""Celery: few results, late acknowledgement, so that a killed worker's task runs again."""

from config.settings.base import ENV

CELERY_BROKER_URL = ENV.broker_url or "memory://"
CELERY_RESULT_BACKEND = ENV.cache_url or "cache+memory://"
CELERY_RESULT_EXPIRES = 3600
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A request whose work is committed does not wait for a broker that is down: the outbox relay finds the work later.
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ALWAYS_EAGER = False
DJANGO_CELERY_BEAT_TZ_AWARE = True

CELERY_APPLICATION = "config.celery"
OUTBOX_SUBSCRIBERS = "config.subscribers.SUBSCRIBERS"

# Beat sends tasks that hand out work to the shops; see `tenants.tasks.PublicTask`. Each expires at the latest when the
# next one is due: while no worker runs they must not pile up.
CELERY_BEAT_SCHEDULE = {
    "relay-outboxes": {"task": "tenants.tasks.relay_all_outboxes", "schedule": 10.0, "options": {"expires": 10}},
    "keep-ready-schemas": {"task": "tenants.tasks.keep_ready_schemas", "schedule": 20.0, "options": {"expires": 20}},
    "tidy-up": {"task": "tenants.tasks.tidy_up_all_shops", "schedule": 6 * 3600.0, "options": {"expires": 3600}},
    "expire-coupons": {
        "task": "coupons.tasks.expire_coupons_of_all_shops",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "delete-old-archives": {
        "task": "archives.tasks.delete_old_archives_of_all_shops",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "beat-heart": {"task": "website.tasks.beat_heart", "schedule": 60.0, "options": {"expires": 60}},
    "deliver-due-emails": {
        "task": "messaging.tasks.deliver_due_emails_of_all_shops",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-emails": {
        "task": "messaging.tasks.forget_old_emails_of_all_shops",
        "schedule": 6 * 3600.0,
        "options": {"expires": 3600},
    },
    "process-due-payment-events": {
        "task": "billing.tasks.process_due_events",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "review-accounts": {"task": "billing.tasks.review_accounts", "schedule": 300.0, "options": {"expires": 300}},
    "reconcile-some-accounts": {
        "task": "billing.tasks.reconcile_some_accounts",
        "schedule": 1800.0,
        "options": {"expires": 1800},
    },
    "reconcile-all-accounts": {
        "task": "billing.tasks.reconcile_all_accounts",
        "schedule": 86400.0,
        "options": {"expires": 86400},
    },
    "forget-payment-events": {
        "task": "billing.tasks.forget_settled_events",
        "schedule": 86400.0,
        "options": {"expires": 86400},
    },
}
