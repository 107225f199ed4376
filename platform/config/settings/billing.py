"""Where subscriptions are sold: Stripe, or the stand-in of development and tests."""

from config.env import STRIPE
from config.settings.base import ENV

STRIPE_URL = ENV.stripe_url  # None: a command of development without a running `laxin up`
STRIPE_KEY = ENV.stripe_key
STRIPE_WEBHOOK_SECRETS = ENV.stripe_webhook_secrets
# Where browsers are sent to pay and to look after a card.
STRIPE_PAGES = (
    ("https://checkout.stripe.com", "https://billing.stripe.com")
    if STRIPE_URL == STRIPE
    else tuple(filter(None, [STRIPE_URL]))
)
