"""A quote as readable text: each line, each rule, why, and what is missing."""

from collections.abc import Iterable, Sequence
from typing import Any

from kernel.money import currency_symbol, format_minor

from promotions.engine.facts import Facts
from promotions.engine.nudges import Nudge
from promotions.engine.quote import Applied, Quote, QuoteLine, Skipped
from promotions.engine.ruleset import Ruleset
from promotions.engine.texts import TEXTS

MONEY_FACTS = ("subtotal", "member.spent")


class Explanation:
    """Writes about one quote in one language; `rules` names the promotions."""

    def __init__(self, rules: Ruleset, facts: Facts, language: str) -> None:
        self._texts = TEXTS[language]
        self._names = {promotion.id: promotion.name for promotion in rules.promotions}
        self._skus = {line.id: line.sku for line in facts.lines}
        self._currency = facts.currency

    def text(self, quote: Quote, nudges: Sequence[Nudge]) -> str:
        """The whole quote, section by section."""
        amounts = {key: self._money(getattr(quote, key)) for key in ("subtotal", "discount", "shipping", "total")}
        sections = [
            [self._say("summary", **amounts)],
            self._section("lines", [row for line in quote.lines for row in self._line(line)]),
            self._section("shipping", [self._adjustment(*entry) for entry in quote.shipping_adjustments]),
            self._section("applied", [self._applied(entry) for entry in quote.applied]),
            self._section("gifts", [self._extra("gift", gift) for gift in quote.gifts]),
            self._section("effects", [self._extra(f"effect.{effect['type']}", effect) for effect in quote.effects]),
            self._section("skipped", [self._skipped(entry) for entry in quote.skipped or ()]),
            self._section("nudges", [self._nudge(nudge) for nudge in nudges]),
            [] if quote.exact else [self._say("inexact")],
        ]
        return "\n\n".join("\n".join(rows) for rows in sections if rows)

    def _section(self, title: str, rows: Iterable[str]) -> list[str]:
        found = [f"  {row}" for row in rows]
        return [self._say(title), *found] if found else []

    def _line(self, line: QuoteLine) -> Iterable[str]:
        changed = line.final != line.initial
        yield self._say(
            "line" if changed else "unchanged",
            id=line.id,
            sku=self._skus[line.id],
            quantity=line.quantity,
            initial=self._money(line.initial),
            final=self._money(line.final),
        )
        if changed and line.quantity > 1:
            units = [f"{self._money(units.final)} ×{units.quantity}" for units in line.units]
            yield "  " + self._say("units", units=self._texts["unit_prices"].join(units))
        for adjustment in line.adjustments:
            yield "  " + self._adjustment(*adjustment)

    def _adjustment(self, promotion: str, amount: int) -> str:
        return self._say("adjustment", amount=self._money(amount), rule=self._rule(promotion))

    def _applied(self, entry: Applied) -> str:
        parts = [self._say("took" if entry.amount else "gave", rule=self._rule(entry.promotion),
                           amount=self._money(entry.amount))]  # fmt: skip
        if entry.times > 1:
            parts.append(self._say("times", times=entry.times))
        if entry.code is not None:
            parts.append(self._say("code", code=entry.code))
        for reason, amount in entry.cut.items():
            parts.append(self._say("cut", reason=self._texts[f"cut.{reason}"], amount=self._money(amount)))
        return self._texts["separator"].join(parts)

    def _extra(self, key: str, extra: dict[str, Any]) -> str:
        times = extra.get("times_bp", 10_000)
        whole, part = divmod(times, 10_000)
        said = f"{whole}.{part:04d}".rstrip("0").rstrip(".")
        return self._say(key, **{**extra, "times": said, "rule": self._rule(extra["promotion"])})

    def _skipped(self, entry: Skipped) -> str:
        reason = self._texts[f"reason.{entry.reason}"]
        if entry.gap is not None:
            reason = self._say("gap", reason=reason, missing=self._missing(entry.gap.fact, entry.gap.missing))
        return self._say("why", rule=self._rule(entry.promotion), reason=reason)

    def _nudge(self, nudge: Nudge) -> str:
        missing, rule = self._missing(nudge.fact, nudge.missing), self._rule(nudge.promotion)
        if nudge.saves > 0:
            return self._say("saves", missing=missing, rule=rule, amount=self._money(nudge.saves))
        return self._say("gives", missing=missing, rule=rule, quantity=nudge.gifts)

    def _missing(self, fact: str, missing: int) -> str:
        amount = self._money(missing) if fact in MONEY_FACTS else ""
        return self._say(f"missing.{fact}", amount=amount, count=missing)

    def _rule(self, promotion: str) -> str:
        name = self._names[promotion]
        return self._say("rule", name=name, id=promotion) if name else promotion

    def _money(self, amount: int) -> str:
        return currency_symbol(self._currency) + format_minor(amount, self._currency)

    def _say(self, key: str, **values: object) -> str:
        return self._texts[key].format(**values)


def explain(rules: Ruleset, facts: Facts, language: str) -> str:
    """The quote for parsed facts, with every promotion and the thresholds within reach, as text."""
    quote = rules.price_parsed(facts, explain=True)
    return Explanation(rules, facts, language).text(quote, rules.nudges_parsed(facts))
