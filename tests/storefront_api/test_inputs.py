"""Variables of wrong types and absurd values: the client's mistakes, never faults of the server."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    is_required_input_field,
)
from kernel.ids import to_global_id

from storefront_api.schema.root import SCHEMA
from tests.storefront_api.documents import CART_CREATE, CART_LINES_SET, JOIN
from tests.support.coupons import make_batch, make_link
from tests.support.statements import statements
from tests.support.storefront import Storefront, make_product

WRONG_SCALARS: dict[str, list[Any]] = {
    "Int": ["abc", "1", "", 1.5, True, [1], [], {}, {"a": 1}, 2**31, -(2**31) - 1, 2**63, 1e308],
    "String": [1, 1.5, True, [1], {}, {"a": "b"}],
    "ID": [1.5, True, [1], {}, {"a": "b"}],
    "Boolean": ["true", 1, [1], {}],
}
assert SCHEMA.query_type
assert SCHEMA.mutation_type
ROOTS: dict[str, dict[str, GraphQLField]] = {
    "query": SCHEMA.query_type.fields,
    "mutation": SCHEMA.mutation_type.fields,
}
ARGUMENTS = [
    (operation, name, argument)
    for operation, fields in ROOTS.items()
    for name, field in fields.items()
    for argument in field.args
]


def right(kind: Any) -> Any:
    """A value of the type."""
    match kind:
        case GraphQLNonNull():
            return right(kind.of_type)
        case GraphQLList():
            return [right(kind.of_type)]
        case GraphQLInputObjectType():
            return {name: right(field.type) for name, field in kind.fields.items()}
        case GraphQLEnumType():
            return next(iter(kind.values))
    return 1 if kind.name == "Int" else "x"


def list_wrong(kind: Any) -> Iterator[Any]:
    """Values that are not of the type, at every depth of it."""
    match kind:
        case GraphQLNonNull():
            yield None
            yield from list_wrong(kind.of_type)
        case GraphQLList():
            yield from ([wrong] for wrong in list_wrong(kind.of_type))
        case GraphQLInputObjectType():
            yield from ["x", 1, True, [], {**right(kind), "unknown": 1}]
            for name, field in kind.fields.items():
                if is_required_input_field(field):
                    yield {key: value for key, value in right(kind).items() if key != name}
                yield from ({**right(kind), name: wrong} for wrong in list_wrong(field.type))
        case GraphQLEnumType():
            yield from ["UNKNOWN", "", 1, True, [1], {}, next(iter(kind.values)).lower()]
        case GraphQLScalarType():
            yield from WRONG_SCALARS[kind.name]


def taken(kind: Any, known: dict[str, Any], name: str = "") -> Any:
    """A value that is not only of the type but found in the shop, by the name of its field."""
    match kind:
        case GraphQLNonNull():
            return taken(kind.of_type, known, name)
        case GraphQLList():
            return [taken(kind.of_type, known, name)]
        case GraphQLInputObjectType():
            return {each: taken(field.type, known, each) for each, field in kind.fields.items()}
    return known.get(name, right(kind))


def list_with_null(kind: Any, known: dict[str, Any], name: str = "") -> Iterator[Any]:
    """Values with null in one place where it may stand, and good ones everywhere else."""
    match kind:
        case GraphQLNonNull():
            yield from (value for value in list_with_null(kind.of_type, known, name) if value is not None)
            return
        case GraphQLList():
            yield from ([value] for value in list_with_null(kind.of_type, known, name))
        case GraphQLInputObjectType():
            for each, field in kind.fields.items():
                values = list_with_null(field.type, known, each)
                yield from ({**taken(kind, known), each: value} for value in values)
    yield None


def list_integers(kind: Any) -> list[str]:
    """The paths of the integers in a type."""
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    if isinstance(kind, GraphQLInputObjectType):
        return [f".{name}{path}" for name, field in kind.fields.items() for path in list_integers(field.type)]
    return [""] if kind.name == "Int" else []


def test_every_integer_is_bounded_before_the_database_sees_it(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now)
    cart = storefront.mutate(CART_CREATE, lines=[])["cart"]["id"]
    integers = {
        f"{name}({argument}{path})"
        for operation, name, argument in ARGUMENTS
        for path in list_integers(ROOTS[operation][name].args[argument].type)
    }
    assert integers == {
        "products(first)",
        "products(last)",
        "cartCreate(input.lines.quantity)",
        "cartLinesSet(input.lines.quantity)",
    }

    for number in (-(2**31), -1, 101, 2**31 - 1):
        for argument in ("first", "last"):
            document = f"query($n: Int) {{ products({argument}: $n) {{ edges {{ cursor }} }} }}"
            assert storefront.post(document, {"n": number}).codes == ["INVALID"]
    for number in (-(2**31), -1, 100_001, 2**31 - 1):
        lines = [{"sku": "TEA", "quantity": number}]
        for document, others in ((CART_CREATE, {}), (CART_LINES_SET, {"cartId": cart})):
            assert storefront.refuse(document, lines=lines, **others) == [("INVALID", ["lines", "0", "quantity"])]


@pytest.mark.parametrize(("operation", "name", "argument"), ARGUMENTS)
def test_a_variable_of_a_wrong_type_is_refused_before_anything_runs(
    storefront: Storefront, operation: str, name: str, argument: str
) -> None:
    kind = ROOTS[operation][name].args[argument].type
    document = f"{operation}($v: {kind}) {{ {name}({argument}: $v) {{ __typename }} }}"
    storefront.run("{ shop { name } }")  # the key is remembered from now on

    wrong = list(list_wrong(kind))
    assert len(wrong) >= 5
    for value in wrong:
        with statements() as found:
            answer = storefront.post(document, {"v": value})
        assert (answer.status, set(answer.codes), found) == (400, {"BAD_USER_INPUT"}, []), (value, answer.body)
        assert "data" not in answer.body


@pytest.mark.parametrize(("operation", "name", "argument"), ARGUMENTS)
def test_null_where_it_may_stand_is_taken_or_refused_in_so_many_words(
    storefront: Storefront, now: datetime, operation: str, name: str, argument: str
) -> None:
    with storefront.inside():
        make_product(now)
        batch_id = make_batch(now)
        make_link(now, batch_id)
    member = storefront.as_member(
        storefront.mutate(JOIN, joinCode="welcome", phone="13800138000", idempotencyKey="first")["token"]
    )
    cart = member.mutate(CART_CREATE, lines=[{"sku": "TEA", "quantity": 1}])["cart"]["id"]
    known = {
        "cartId": cart,
        "id": cart,
        "sku": "TEA",
        "joinCode": "welcome",
        "code": "welcome",
        "phone": "13900139000",
        "batch": to_global_id("Batch", batch_id),
    }
    arguments = ROOTS[operation][name].args
    others = {each: argument.type for each, argument in arguments.items() if isinstance(argument.type, GraphQLNonNull)}
    declared = {**others, argument: arguments[argument].type}
    document = f"{operation}({', '.join(f'${each}: {kind}' for each, kind in declared.items())}) {{ {name}("
    document += f"{', '.join(f'{each}: ${each}' for each in declared)}) {{ __typename }} }}"

    for value in list_with_null(declared[argument], known, argument):
        variables = {each: taken(kind, known, each) for each, kind in others.items()} | {argument: value}
        answer = member.post(document, variables)
        assert (answer.status, set(answer.codes) <= {"INVALID", "NOT_FOUND"}) == (200, True), (value, answer.body)
