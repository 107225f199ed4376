"""Django settings, one module a subject. Values that differ between installations come from `config.env` alone."""

from config.settings.apps import *
from config.settings.backoffice import *
from config.settings.base import *
from config.settings.billing import *
from config.settings.cache import *
from config.settings.celery import *
from config.settings.database import *
from config.settings.frontend import *
from config.settings.logging import *
from config.settings.mail import *
from config.settings.security import *
