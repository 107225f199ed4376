"""The WSGI application for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# Django imports these at the first request of each process, which would take a second more.
from config import urls_public, urls_shop  # noqa: E402, F401
