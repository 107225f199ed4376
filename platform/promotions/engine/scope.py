"""Scopes: which units a condition measures or a reward takes."""

from dataclasses import dataclass

from promotions.engine.faults import Reader

LIST_KEYS = ("categories", "products", "skus", "brands", "tags")
LINE_KINDS = ("skus", "products", "tags", "brands", "categories")  # from the one that usually narrows most
BOUND_KEYS = ("max_days_to_expiry", "min_unit_price", "max_unit_price")
EXCLUDE_KEYS = frozenset({*LIST_KEYS, *BOUND_KEYS, "undiscounted"})
SCOPE_KEYS = EXCLUDE_KEYS | {"exclude"}

type Keyed = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """What a scope, or its `exclude`, asks for."""

    keyed: Keyed = ()  # (kind, values): a line has one of the values
    max_days_to_expiry: int | None = None
    min_unit_price: int | None = None
    max_unit_price: int | None = None
    undiscounted: bool = False

    @property
    def bounded(self) -> bool:
        return not (self.max_days_to_expiry is None and self.min_unit_price is None and self.max_unit_price is None)


class Scope:
    """A scope ready for matching. Equal scopes of a rule set are one object, so identity is a cache key."""

    __slots__ = (
        "bounded",
        "by_unit",
        "exclude",
        "keyed",
        "keys",
    )

    def __init__(self, keys: Keys, exclude: Keys | None) -> None:
        self.keys = keys
        self.exclude = exclude
        self.keyed = keys.keyed
        self.bounded = keys.bounded
        self.by_unit = keys.undiscounted or (exclude is not None and exclude.undiscounted)

    def takes_unit(self, *, undiscounted: bool) -> bool:
        """What the scope says of one unit of a line that it reaches."""
        if undiscounted:
            return self.exclude is None or not self.exclude.undiscounted
        return not self.keys.undiscounted


class Scopes:
    """Parses scopes and hands out one object for equal ones."""

    def __init__(self) -> None:
        self._known: dict[tuple[Keys, Keys | None], Scope] = {}
        self.everything = self._get(Keys(), None)

    def parse(self, reader: Reader, key: str = "scope") -> Scope:
        """The scope under `key` of a reader; every unit where the key is absent."""
        if key not in reader.document:
            return self.everything
        scope = Reader(reader.document[key], reader.at(key), reader.faults, SCOPE_KEYS)
        keys = _parse_keys(scope)
        lowest, highest = keys.min_unit_price, keys.max_unit_price
        if lowest is not None and highest is not None and lowest > highest:
            scope.fault("max_unit_price", "CONFLICT", "is below min_unit_price: no unit can match")
        exclude = None
        if "exclude" in scope.document:
            inner = Reader(scope.document["exclude"], scope.at("exclude"), reader.faults, EXCLUDE_KEYS)
            exclude = _parse_keys(inner)
            if keys.undiscounted and exclude.undiscounted:
                inner.fault("undiscounted", "CONFLICT", "leaves nothing of the undiscounted units asked for")
        return self._get(keys, exclude)

    def _get(self, keys: Keys, exclude: Keys | None) -> Scope:
        known = self._known.get((keys, exclude))
        if known is None:
            known = self._known[keys, exclude] = Scope(keys, None if exclude == Keys() else exclude)
        return known


def _parse_keys(reader: Reader) -> Keys:
    keyed = tuple((key, frozenset(reader.texts(key))) for key in LIST_KEYS if key in reader.document)
    bounds = {key: reader.integer(key, 0) if key in reader.document else None for key in BOUND_KEYS}
    undiscounted = False
    if "undiscounted" in reader.document:
        undiscounted = reader.flag("undiscounted")
        if reader.document["undiscounted"] is False:
            reader.fault("undiscounted", "VALUE", "can only be true: leave the key out instead")
    return Keys(keyed, bounds["max_days_to_expiry"], bounds["min_unit_price"], bounds["max_unit_price"], undiscounted)
