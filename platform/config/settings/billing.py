"""Where subscriptions are sold: Stripe, or the stand-in of development and tests."""

from config.settings.base import ENV

STRIPE_URL = ENV.stripe_url  # None: a command of development without a running `laxin up`
STRIPE_KEY = ENV.stripe_key
STRIPE_WEBHOOK_SECRETS = ENV.stripe_webhook_secrets
