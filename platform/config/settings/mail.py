"""Outgoing mail: into the queue (see `messaging`), and from there as LAXIN_EMAIL_URL says."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from config.settings.base import ENV

_URL = urlsplit(ENV.email_url)
DEFAULT_FROM_EMAIL = ENV.email_from
SERVER_EMAIL = ENV.email_from
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "messaging.backend.QueueBackend"

SHOWN_MAIL_FOLDER = Path(_URL.path) if ENV.mails_url else None
if _URL.scheme == "file":
    MAIL_DELIVERY_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = _URL.path
elif _URL.scheme == "console":
    MAIL_DELIVERY_BACKEND = "django.core.mail.backends.console.EmailBackend"
else:
    MAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _URL.hostname or "localhost"
    EMAIL_PORT = _URL.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[_URL.scheme]
    EMAIL_HOST_USER = unquote(_URL.username or "")
    EMAIL_HOST_PASSWORD = unquote(_URL.password or "")
    EMAIL_USE_TLS = _URL.scheme == "smtp+tls"
    EMAIL_USE_SSL = _URL.scheme == "smtps"
