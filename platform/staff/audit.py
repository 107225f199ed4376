"""Who did what, when, from where, and what it was before: the audit log of a shop.

Triggers on the audited tables write it (`audited`, a migration operation), so no writer can forget to. They do so only
where the transaction says who acts (`tenants.actor`): people in the console by their gate, background tasks and an
operator's commands by their names. Requests of storefronts and members never do, and pay nothing. What is no change of
a row (signing in, an export) is written by `record_event`. Work over many rows says that nobody acts (`act_as(None)`)
and records one event instead of a thousand entries. Rows are never changed or deleted, by anybody.
docs/adr/0009-roles-and-audit.md has the reasons.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.migrations import RunSQL
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kernel.pages import Column, Keyset, Kind, Page

from staff.models import AuditEntry
from tenants.actor import COMMAND, PATH_LENGTH, TASK, USER_AGENT_LENGTH, Actor, find_acting
from tenants.models import Shop
from tenants.transaction import find_actor, tenant_transaction

# The session of somebody of the platform who acts for the shop keeps {"name": …, "reason": …} here.
OPERATOR = "operator"

# Those who are nobody of the shop; the last is the beginning of many ids.
SYSTEM: dict[str, str | Promise] = {
    TASK: _("Background task"),
    COMMAND: _("Platform command"),
    "operator:": _("Platform support"),
}

EVENTS: dict[str, str | Promise] = {
    "insert": _("added"),
    "update": _("changed"),
    "delete": _("removed"),
    "sign_in": _("signed in"),
    "sign_in_failed": _("failed to sign in"),
    "sign_out": _("signed out"),
    "session_ended": _("ended a session"),
    "export": _("exported"),
    "download": _("downloaded as a file"),
    "impersonation": _("support signed in"),
    "examination": _("support examined the data for errors"),
    "expired": _("expired"),
    "restored": _("restored from an archive"),
}

SUBJECTS: dict[str, str | Promise] = {
    "staff_user": _("Staff account"),
    "staff_role": _("Role"),
    "staff_invitation": _("Invitation"),
    "staff_apikey": _("API key"),
    "mfa_authenticator": _("Second factor"),
    "catalog_product": _("Product"),
    "catalog_variant": _("Variant"),
    "stock_entry": _("Stock correction"),
    "promotions_promotionversion": _("Promotion"),
    "coupons_batch": _("Coupon"),
    "coupons_coupon": _("Coupons of customers"),
    "joining_joinlink": _("Join link"),
    "checkout_order": _("Order"),
    "branding_logo": _("Logo"),
    "tenants_domain": _("Domain"),
    "billing_account": _("Plan and payments"),
    "tenants_shop": _("Shop"),
}

ENTRIES = Keyset("audit", (Column("id", Kind.INTEGER),), descending=True)
EXPORT_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: every part left empty lets all through. `since` ≤ at < `until`; `actor` ending in `:` begins."""

    actor: str = ""
    event: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def describe_actor(actor: str) -> str | Promise:
    """What kind of actor this is, where it is nobody of the shop's own people; else empty."""
    return next((text for start, text in SYSTEM.items() if actor.startswith(start)), "")


def record_event(
    *, event: str, actor: Actor, subject: str = "", label: str = "", before: Any = None, details: Any = None
) -> None:
    """Write what is no change of a row here. `event` is one of EVENTS; `details` is JSON and holds no secrets.

    What was before it, where something was, is `before`.
    """
    assert event in EVENTS, event
    fields = {
        "event": event,
        "subject": subject,
        "label": label[:200],
        "actor": actor.id,
        "actor_name": actor.name[:254],
        "ip": actor.ip,
        "user_agent": actor.user_agent[:USER_AGENT_LENGTH],
        "path": actor.path[:PATH_LENGTH],
        "before": before,
        "after": details,
    }
    AuditEntry.objects.create(**_without_nul(fields))


def _without_nul(value: Any) -> Any:
    """The database keeps none, in whatever was typed or stood in an address."""
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {_without_nul(name): _without_nul(each) for name, each in value.items()}
        case list() | tuple():
            return [_without_nul(each) for each in value]
    return value


def record_own_event(
    *, event: str, subject: str = "", label: str = "", before: Any = None, details: Any = None
) -> None:
    """The same of whoever acts in the open transaction; nothing where nobody does."""
    if (actor := find_actor()) is not None:
        record_event(event=event, actor=actor, subject=subject, label=label, before=before, details=details)


def record_change_of_shop(*, shop: Shop, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Note what changed of the shop's public row, of whoever acts; no trigger sees it. Called outside the shop."""
    changed = {name for name in after if before.get(name) != after[name]}
    if not changed or find_acting() is None:
        return
    with tenant_transaction(shop):
        record_own_event(
            event="update",
            subject="tenants_shop",
            label=shop.name,
            before={name: before.get(name) for name in changed},
            details={name: after[name] for name in changed},
        )


def list_entries(
    *,
    chosen: Filter,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page[AuditEntry]:
    """A page of the log, the newest first. One statement. Raises `kernel.errors.InvalidInput` for a wrong cursor."""
    window = ENTRIES.read(first=first, after=after, last=last, before=before)
    where, params = _where(chosen)
    query = f"SELECT * FROM staff_auditentry WHERE {where} AND {window.where} ORDER BY {window.order_by} LIMIT {window.limit}"  # noqa: E501, S608 - made of constants
    rows = list(AuditEntry.objects.raw(query, {**params, **window.params}))
    return window.page(rows, key=lambda entry: (entry.pk,), item=lambda entry: entry)


def read_entries(*, chosen: Filter) -> Iterator[AuditEntry]:
    """Every entry that matches, the newest first, in pieces: memory stays flat however long the log is."""
    where, params = _where(chosen)
    below = 2**62
    while True:
        query = f"SELECT * FROM staff_auditentry WHERE {where} AND id < %(below)s ORDER BY id DESC LIMIT {EXPORT_BATCH}"  # noqa: S608
        batch = list(AuditEntry.objects.raw(query, {**params, "below": below}))
        yield from batch
        if len(batch) < EXPORT_BATCH:
            return
        below = batch[-1].pk


def find_entry(*, entry_id: int) -> AuditEntry | None:
    """One entry of the log. One statement."""
    return AuditEntry.objects.filter(pk=entry_id).first() if entry_id < 2**63 else None


def _where(chosen: Filter) -> tuple[str, dict[str, Any]]:
    conditions = {
        "(actor = %(actor)s OR right(%(actor)s, 1) = ':' AND starts_with(actor, %(actor)s))": chosen.actor,
        "event = %(event)s": chosen.event,
        "subject = %(subject)s": chosen.subject,
        "at >= %(since)s": chosen.since,
        "at < %(until)s": chosen.until,
    }
    params = {name: getattr(chosen, name) for name in ("actor", "event", "subject", "since", "until")}
    return " AND ".join(["true", *(text for text, value in conditions.items() if value)]), params


def audited(
    table: str,
    *,
    label: str,
    key: str = "id",
    secret: Sequence[str] = (),
    quiet: Sequence[str] = (),
    events: str = "INSERT OR UPDATE OR DELETE",
    only: str = "",
) -> RunSQL:
    """Return an operation after which changes of `table` by staff stand in the audit log.

    `label` is an SQL expression over `entry` (the row as jsonb) that names the row to people, `key` the column of its
    primary key. Values of `secret` columns are replaced by three dots; a change of `quiet` columns alone is not
    recorded, nor are their values. `only` is a further condition over OLD and NEW, for `events` of a single kind.
    """
    condition = "current_setting('laxin.actor', true) <> ''" + (f" AND {only}" if only else "")
    hidden, silent = (",".join(columns) for columns in (secret, quiet))
    return RunSQL(
        sql=f"""
        CREATE FUNCTION {table}_audited() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE
            entry jsonb := CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
        BEGIN
            PERFORM staff_write_audit(TG_OP, '{table}', entry->>'{key}', {label},
                CASE TG_OP WHEN 'INSERT' THEN NULL ELSE to_jsonb(OLD) END,
                CASE TG_OP WHEN 'DELETE' THEN NULL ELSE to_jsonb(NEW) END,
                '{{{hidden}}}', '{{{silent}}}');
            RETURN NULL;
        END $$;
        CREATE TRIGGER {table}_audited AFTER {events} ON {table}
            FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {table}_audited();
        """,
        reverse_sql=f"DROP TRIGGER {table}_audited ON {table}; DROP FUNCTION {table}_audited();",
    )
