"""Writes of promotions, by noun."""

from promotions.services.rules import bump_version, set_policy
from promotions.services.use import record_use
from promotions.services.versions import (
    change_promotion,
    check_document,
    create_promotion,
    discard_draft,
    end_promotion,
    publish_promotion,
    restore_version,
    save_draft,
)

__all__ = [
    "bump_version",
    "change_promotion",
    "check_document",
    "create_promotion",
    "discard_draft",
    "end_promotion",
    "publish_promotion",
    "record_use",
    "restore_version",
    "save_draft",
    "set_policy",
]
