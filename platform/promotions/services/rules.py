"""The numbered rule set of a shop: every change of what is live, or of the policy, is the next number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from promotions.engine import InvalidInput, Ruleset
from promotions.errors import PromotionInvalid
from promotions.services.faults import summarize

_BUMP = """
    WITH bumped AS (
        UPDATE promotions_rulesetversion
           SET version = version + 1, policy = CASE WHEN %(changes)s THEN %(policy)s::jsonb ELSE policy END
        RETURNING version, policy
    )
    INSERT INTO promotions_rulesetchange (version, policy, actor, created_at)
    SELECT version, policy, %(actor)s, %(now)s FROM bumped
    RETURNING version
"""


def bump_version(*, actor: str, now: datetime) -> int:
    """Number the rule set that this transaction is making and return its number. Other changes wait for the commit,
    after which every process prices by it. One statement.
    """
    return _bump({"changes": False, "policy": None, "actor": actor, "now": now})


def set_policy(*, policy: Mapping[str, Any] | None, now: datetime, actor: str = "") -> int:
    """Set how the shop's promotions compete; None is the engine's default. Return the rule set's number.

    Raises `PromotionInvalid`.
    """
    try:
        Ruleset.compile([], policy)
    except InvalidInput as error:
        message = _("The policy has faults: %(faults)s") % {"faults": summarize(error.faults)}
        raise PromotionInvalid(message, faults=error.faults) from error
    sent = None if policy is None else orjson.dumps(policy).decode()
    return _bump({"changes": True, "policy": sent, "actor": actor, "now": now})


def _bump(params: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BUMP, params)
        version: int = cursor.fetchone()[0]
    return version
