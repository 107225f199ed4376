"""What must hold of a shop's promotions, for `laxin doctor`. The writes keep it; this proves that they do."""

from collections.abc import Iterator

from django.db import connection

from promotions.engine import InvalidInput, Ruleset
from promotions.limits import UNLIMITED, UseLimits, find_faults, to_engine
from promotions.models import PromotionVersion, RulesetVersion
from tenants.doctor import invariant

SHOWN = 20


@invariant("promotions.live_documents_can_be_priced_with")
def find_faulty_documents() -> Iterator[str]:
    """The engine accepts every live document, alone and all together under the shop's policy."""
    documents = []
    live = PromotionVersion.objects.filter(status=PromotionVersion.Status.LIVE)
    for promotion_id, document, is_limited in live.values_list("promotion_id", "document", "is_limited"):
        documents.append(to_engine(document))
        if find_faults(document):
            yield f"Promotion {promotion_id}: its live document has faults."
        if document.get("id") != str(promotion_id):
            yield f"Promotion {promotion_id}: its live document has another id."
        if is_limited != (UseLimits.of(document) != UNLIMITED):
            yield f"Promotion {promotion_id}: it is not marked by whether it has limits."
    try:
        Ruleset.compile(documents, RulesetVersion.objects.values_list("policy", flat=True).get())
    except InvalidInput:
        yield "The live promotions do not compile under the shop's policy."


@invariant("promotions.what_was_live_cannot_change")
def find_versions_that_can_change() -> Iterator[str]:
    """The triggers that guard versions are there and on."""
    yield from _sentences(
        """
        SELECT format('The trigger %%s is missing or off.', wanted.name)
          FROM (VALUES ('promotions_guard_version', 'promotions_promotionversion'),
                       ('promotions_keep_versions', 'promotions_promotionversion'),
                       ('promotions_rulesetchange_append_only', 'promotions_rulesetchange')) AS wanted (name, holder)
         WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = to_regclass(wanted.holder)
                              AND t.tgname = wanted.name AND t.tgenabled = 'O')
         LIMIT %s
        """
    )


@invariant("promotions.one_version_stands")
def find_promotions_that_show_the_wrong_version() -> Iterator[str]:
    """A promotion stands by its live version, else the last one that was live, else its draft, and has its name."""
    yield from _sentences(
        """
        SELECT format('Promotion %%s: version %%s stands instead of %%s, under the name %%s.', p.id, p.version,
                      v.number, p.name)
          FROM promotions_promotion p
          LEFT JOIN LATERAL (SELECT number, document FROM promotions_promotionversion WHERE promotion_id = p.id
                              ORDER BY status = 'draft', number DESC LIMIT 1) v ON true
         WHERE v.number IS DISTINCT FROM p.version OR v.document->>'name' IS DISTINCT FROM p.name
         ORDER BY p.id LIMIT %s
        """
    )


@invariant("promotions.every_rule_set_is_known")
def find_rule_sets_without_a_number() -> Iterator[str]:
    """The present number and those on which versions began and ended are in the history, with the policy of today."""
    yield from _sentences(
        """
        SELECT format('The rule set %%s is not in the history.', wanted.version)
          FROM (SELECT version FROM promotions_rulesetversion
                 UNION SELECT since_version FROM promotions_promotionversion WHERE since_version IS NOT NULL
                 UNION SELECT until_version FROM promotions_promotionversion WHERE until_version IS NOT NULL) wanted
          LEFT JOIN promotions_rulesetchange c ON c.version = wanted.version
          LEFT JOIN promotions_rulesetversion now ON now.version = c.version
         WHERE c.version IS NULL OR (now.version IS NOT NULL AND now.policy IS DISTINCT FROM c.policy)
         ORDER BY wanted.version LIMIT %s
        """
    )


@invariant("promotions.use_adds_up")
def find_uses_that_do_not_add_up() -> Iterator[str]:
    """Over its days a promotion gave what it gave in all, and to members no more."""
    yield from _sentences(
        """
        SELECT format('Promotion %%s: its use in all, by day and by member differ.', promotion_id)
          FROM promotions_promotionuse
         GROUP BY promotion_id
        HAVING (sum(orders) FILTER (WHERE scope = ''), sum(discount_minor) FILTER (WHERE scope = ''))
               IS DISTINCT FROM
               (sum(orders) FILTER (WHERE scope LIKE 'day:%%'), sum(discount_minor) FILTER (WHERE scope LIKE 'day:%%'))
            OR sum(orders) FILTER (WHERE scope LIKE 'member:%%') > sum(orders) FILTER (WHERE scope = '')
         ORDER BY promotion_id LIMIT %s
        """
    )


def _sentences(sql: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [SHOWN])
        yield from (row[0] for row in cursor.fetchall())
