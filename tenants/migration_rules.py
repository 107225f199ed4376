"""What a migration may do while the former version still serves requests: expand, then contract.

Shops are migrated one after the other, so old code meets new tables and new code waits for nobody. The rules look at
the SQL that a migration sends, whether Django made it or RunSQL has it, and have the names that squawk gives them
(https://squawkhq.com/docs/rules). Of its rules those are left out that are a matter of taste (identifiers of text,
`IF NOT EXISTS`), and timeouts, which the fleet sets itself.

A migration that takes something away says so by `contract = True` in its class: it is released one version after the
code stopped using it. Where a rule is wrong about a migration, its class says why: `accepted = {"rule": "because …"}`.
docs/runbooks/migrations.md has the steps.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.apps import apps
from django.db.migrations import Migration
from django.db.migrations.state import ProjectState

from tenants.router import is_shops
from tenants.schemas import TEMPLATE_SCHEMA, owner

# Grow with the shop's trade: what reads them whole under a lock stops the shop for as long as it takes.
BIG_TABLES = frozenset(
    {
        "kernel.outboxevent", "messaging.email", "staff.auditentry", "stock.entry", "stock.balance", "members.member",
        "members.membertoken", "coupons.coupon", "coupons.couponevent", "promotions.promotionuse", "checkout.order",
        "checkout.orderline", "checkout.cart", "checkout.cartline", "checkout.payment", "joining.join",
        "catalog.product", "catalog.variant",
    }
)  # fmt: skip

_CONTRACT = "code that runs meanwhile may still use it: stop using it first, and mark this one `contract = True`"
_LATER = "add it NOT VALID and VALIDATE it in a migration of its own: the whole table is read under a lock otherwise"
_NAME = r'(?:"[^"]+"|[\w.]+)'
# Defaults that are the same for all rows of a statement, so that no row is written.
_STABLE = r"now|statement_timestamp|transaction_timestamp|current_setting"


@dataclass(frozen=True, slots=True)
class Rule:
    """`big`: about big tables alone. `contract`: a contracting migration may."""

    name: str
    pattern: str
    advice: str
    big: bool = False
    contract: bool = False

    def matches(self, text: str) -> bool:
        """Whether the statement, or the action of an ALTER TABLE, is of this kind."""
        return bool(re.match(self.pattern, text, re.IGNORECASE))


# Of each action of an ALTER TABLE.
_ACTIONS = (
    Rule("ban-drop-column", r"DROP (?!CONSTRAINT)", _CONTRACT, contract=True),
    Rule("renaming-column", rf"RENAME (?!TO|CONSTRAINT)(COLUMN )?{_NAME} TO", _CONTRACT, contract=True),
    Rule("renaming-table", r"(RENAME TO|SET SCHEMA)", _CONTRACT, contract=True),
    Rule("ban-drop-not-null", rf"ALTER (COLUMN )?{_NAME} DROP NOT NULL", "the former version may meet a NULL: release "
         "code that reads it first, and mark this one `contract = True`", contract=True),
    Rule("ban-drop-default", rf"ALTER (COLUMN )?{_NAME} DROP DEFAULT", "code that runs meanwhile leaves it out: stop "
         "that first, and mark this one `contract = True`", contract=True),
    Rule("adding-not-nullable-field", rf"ALTER (COLUMN )?{_NAME} SET NOT NULL", _CONTRACT, contract=True),
    Rule("adding-not-nullable-field", rf"ALTER (COLUMN )?{_NAME} SET NOT NULL", "the table is big and is read under "
         "a lock: first a CHECK (… IS NOT NULL) NOT VALID, then VALIDATE it, and accept this one by name", big=True),
    Rule("changing-column-type", rf"ALTER (COLUMN )?{_NAME} (SET DATA )?TYPE", _CONTRACT, contract=True),
    Rule("changing-column-type", rf"ALTER (COLUMN )?{_NAME} (SET DATA )?TYPE", "the table is big and is written anew: "
         "add a column, fill it, and contract later", big=True),
    Rule("adding-field-with-default", rf"ADD (COLUMN )?(?!CONSTRAINT).* DEFAULT \(*(?!{_STABLE})\w+\(", "every row is "
         "written with a value of its own under a lock: add it empty and fill it in a data migration", big=True),
    Rule("adding-field-with-default", r"ADD (COLUMN )?(?!CONSTRAINT).* GENERATED ALWAYS AS \(.*\) STORED", "every row "
         "is written under a lock: fill a plain column by a trigger and a data migration", big=True),
    Rule("adding-serial-primary-key-field", r"ADD (COLUMN )?(?!CONSTRAINT).*( GENERATED .* AS IDENTITY| \w*SERIAL\b)",
         "every row is written under a lock", big=True),
    Rule("adding-foreign-key-constraint", r"ADD (CONSTRAINT .*)?FOREIGN KEY(?!.*NOT VALID)", _LATER, big=True),
    Rule("adding-foreign-key-constraint", r"ADD (COLUMN )?(?!CONSTRAINT)(?=.* DEFAULT ).* REFERENCES ", _LATER,
         big=True),
    Rule("constraint-missing-not-valid", r"ADD (CONSTRAINT .*|COLUMN .*)?CHECK ?\((?!.*NOT VALID)", _LATER, big=True),
    Rule("disallowed-unique-constraint", r"ADD (CONSTRAINT .*)?(UNIQUE|PRIMARY KEY)(?!.*USING INDEX)|"
         r"ADD COLUMN .* UNIQUE\b", "build the index CONCURRENTLY first, then ADD CONSTRAINT … USING INDEX", big=True),
    Rule("adding-exclusion-constraint", r"ADD (CONSTRAINT .*)?EXCLUDE", "its index is built under a lock that stops "
         "everybody, and cannot be built beside: make a new table", big=True),
)  # fmt: skip
# Of whole statements.
_STATEMENTS = (
    Rule("ban-drop-table", r"DROP (TABLE|VIEW|SCHEMA|DATABASE)", _CONTRACT, contract=True),
    Rule("ban-truncate-cascade", r"TRUNCATE", _CONTRACT, contract=True),
    Rule("require-concurrent-index-deletion", r"DROP INDEX (?!CONCURRENTLY)", "use RemoveIndexConcurrently, alone, in "
         "a migration with `atomic = False`"),
    Rule("require-concurrent-reindex", r"REINDEX (?!.*CONCURRENTLY)", "REINDEX … CONCURRENTLY, in a migration with "
         "`atomic = False`"),
    Rule("transaction-nesting", r"(BEGIN|COMMIT|ROLLBACK|START TRANSACTION|SAVEPOINT)\b", "the migration has a "
         "transaction of its own, or `atomic = False`"),
    Rule("rewriting-table", r"(VACUUM FULL|CLUSTER)\b", "the table is written anew under a lock"),
    Rule("opaque-block", r"DO\b", "nothing looks into it: write its statements, or say why it is harmless"),
)  # fmt: skip
# Of what columns are made of, in a new table too.
_TYPES = (
    Rule("ban-char-field", r'.*[" ](CHAR|CHARACTER|BPCHAR)\b(?! VARYING)', "pads with spaces: use text"),
    Rule("prefer-timestamp-tz", r".* TIMESTAMP\b(?! WITH TIME ZONE)", "without a time zone: use timestamptz"),
    Rule("prefer-bigint-over-int", r".* (SMALLINT|INTEGER|INT|SERIAL|SMALLSERIAL)\b.*(PRIMARY KEY|IDENTITY)|"
         r".* (SMALL)?SERIAL\b", "ids run out: use bigint"),
)  # fmt: skip
_INDEX = Rule(
    "require-concurrent-index-creation",
    r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)",
    "the table is big: use AddIndexConcurrently, alone in a migration with `atomic = False`",
    big=True,
)
_CONCURRENTLY = re.compile(r"(CREATE|DROP|REINDEX)\b.* CONCURRENTLY", re.IGNORECASE)
_ADDED = re.compile(
    rf"ADD (?:COLUMN )?(?!(?:CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK|EXCLUDE)\b)({_NAME})(?= )", re.IGNORECASE
)
_WITHOUT_DEFAULT = re.compile(rf"ALTER (?:COLUMN )?({_NAME}) DROP DEFAULT", re.IGNORECASE)

# Texts, comments and bodies of functions say nothing about tables; names in quotes stay.
_TOKENS = re.compile(r"""\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|"(?:[^"]|"")*\"""", re.DOTALL)


@dataclass(slots=True)
class _Tables:
    """What is the migration's own: tables, columns, and those that take no NULL, with whether a default stays."""

    made: set[str] = field(default_factory=set)
    added: set[tuple[str, str]] = field(default_factory=set)
    required: dict[tuple[str, str], bool] = field(default_factory=dict)


def find_unsafe_operations(migration: Migration, state: ProjectState) -> Iterator[str]:
    """Yield a sentence for each statement that breaks the version that runs meanwhile, or stops its writes.

    `state` is that before the migration. Needs a migrated template: Django looks up names of constraints there.
    """
    if migration.initial:
        return
    accepted: dict[str, str] = getattr(migration, "accepted", {})
    seen = set()
    for rule, about, advice in find_faults(
        collect_statements(migration, state),
        contract=getattr(migration, "contract", False),
        atomic=migration.atomic,
    ):
        seen.add(rule)
        if not accepted.get(rule):
            yield f"{migration.app_label}.{migration.name}: {rule}: {about}: {advice}"
    for rule in sorted(set(accepted) - seen):
        yield f"{migration.app_label}.{migration.name}: {rule}: it is accepted, but nothing here breaks it"


def collect_statements(migration: Migration, state: ProjectState) -> list[str]:
    """Return the SQL of a migration, as `sqlmigrate` would print it; of an app in both places that of the shops."""
    connection = owner()
    with (
        connection.migrating_in(TEMPLATE_SCHEMA if is_shops(migration.app_label) else "public"),
        connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor,
    ):
        migration.apply(state.clone(), editor, collect_sql=True)
        statements: list[str] = editor.collected_sql
    return statements


def find_faults(
    statements: Iterable[str], *, contract: bool = False, atomic: bool = True
) -> Iterator[tuple[str, str, str]]:
    """Yield (rule, statement, advice) for each rule that a statement breaks."""
    big = {apps.get_model(label)._meta.db_table for label in BIG_TABLES}
    tables = _Tables()
    for statement in _split(statements):
        if made := re.match(rf"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?({_NAME})", statement, re.IGNORECASE):
            tables.made.add(_bare(made[1]))
            columns = statement[made.end() :]
            yield from ((rule.name, statement, rule.advice) for rule in _TYPES if rule.matches(columns))
            continue
        table = _table_of(statement)
        if table in tables.made:
            continue
        if atomic and _CONCURRENTLY.match(statement):
            yield "ban-concurrent-index-creation-in-transaction", statement, "give the migration `atomic = False`"
        parts: Sequence[tuple[Sequence[Rule], str]] = [((*_STATEMENTS, _INDEX), statement)]
        if actions := re.match(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME} ", statement, re.IGNORECASE):
            each = list(_split_actions(statement[actions.end() :]))
            parts = [(_ACTIONS, action) for action in each if not _note_column(tables, table, action)]
            parts += [(_TYPES, action) for action in each if _ADDED.match(action)]
        for rules, text in parts:
            for rule in rules:
                if rule.matches(text) and (table in big or not rule.big) and not (contract and rule.contract):
                    yield rule.name, statement, rule.advice
    for (table, column), has_default in tables.required.items():
        if not has_default and not contract:
            yield (
                "adding-required-field",
                f"{table}.{column}",
                "code that runs meanwhile leaves it out: give it null=True or a db_default",
            )


def _note_column(tables: _Tables, table: str, action: str) -> bool:
    """Note a column that is added; tell whether the action only takes the default of such a one away again."""
    if dropped := _WITHOUT_DEFAULT.match(action):
        column = table, _bare(dropped[1])
        if column in tables.required:
            tables.required[column] = False
        return column in tables.added
    if added := _ADDED.match(action):
        column = table, _bare(added[1])
        tables.added.add(column)
        if re.search(r"\b(NOT NULL|PRIMARY KEY)\b", action, re.IGNORECASE):
            tables.required[column] = bool(re.search(r"\b(DEFAULT|GENERATED)\b", action, re.IGNORECASE))
    return False


def _table_of(statement: str) -> str:
    found = re.match(
        rf"(?:ALTER TABLE (?:IF EXISTS )?(?:ONLY )?|CREATE (?:UNIQUE )?INDEX .*? ON (?:ONLY )?)({_NAME})",
        statement,
        re.IGNORECASE,
    )
    return _bare(found[1]) if found else ""


def _bare(name: str) -> str:
    return name.rsplit(".", 1)[-1].strip('"')


def _split(statements: Iterable[str]) -> Iterator[str]:
    """Yield single statements on one line, without comments, texts and bodies of functions."""
    for text in statements:
        plain = _TOKENS.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
        yield from (" ".join(each.split()) for each in plain.split(";") if each.strip())


def _split_actions(text: str) -> Iterator[str]:
    """Yield the parts between commas that stand in no parentheses."""
    depth, action = 0, ""
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield action.strip()
            action = ""
        else:
            action += letter
    yield action.strip()
