"""What every resolver of one request shares."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from graphene import ResolveInfo
from promotions.selectors import get_live_rules
from promotions.types import LiveRules

from storefront_api.access import Caller
from tenants.models import Shop


@dataclass
class Context:
    """The request as resolvers see it."""

    request: HttpRequest
    shop: Shop
    caller: Caller
    now: datetime

    @cached_property
    def rules(self) -> LiveRules:
        """The live promotions, read once a request."""
        return get_live_rules(today=self.now.astimezone(ZoneInfo(self.shop.time_zone)).date())


def get_context(info: ResolveInfo) -> Context:
    """The request's context, typed."""
    context: Context = info.context
    return context
