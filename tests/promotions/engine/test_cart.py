"""The working view of a cart: which lines are open, and what is looked up once."""

from promotions.engine.cart import Cart, LineState, State, lowered, merged, reopened
from promotions.engine.facts import parse_facts
from promotions.engine.scope import Keys, Scope

from tests.promotions.engine.builders import facts


def cart_of(text: str) -> Cart:
    return Cart(parse_facts(facts(text, shipping=800)))


def test_a_cart_starts_with_all_units_free_and_the_fee_behind_them() -> None:
    assert cart_of("A x3 @1000, B @500").start() == State(
        [LineState(((1000, 3),), ()), LineState(((500, 1),), ()), LineState(((800, 1),), ())], 0b111
    )


def test_lines_without_free_units_are_closed_and_the_others_stay_as_they_are() -> None:
    start = cart_of("A x3 @1000, B @500, C @1").start()

    some = start.after({0: LineState(((1000, 1),), ((900, 2),)), 1: LineState((), ((400, 1),))})
    all_but_one = some.after({0: LineState((), ((900, 3),)), 3: LineState((), ((1, 1),))})

    assert (start.open, some.open, all_but_one.open) == (0b1111, 0b1101, 0b0100)
    assert all_but_one.lines == [
        LineState((), ((900, 3),)),
        LineState((), ((400, 1),)),
        LineState(((1, 1),), ()),
        LineState((), ((1, 1),)),
    ]


def test_the_next_lane_finds_all_units_free_again() -> None:
    cart = cart_of("A x3 @1000, B @500")
    state = cart.start().after({0: LineState(((1000, 1),), ((1000, 1), (900, 1))), 1: LineState((), ((400, 1),))})

    assert reopened(state, cart.everything) == State(
        [LineState(((1000, 2), (900, 1)), ()), LineState(((400, 1),), ()), LineState(((800, 1),), ())], 0b111
    )


def test_run_lists_join_dearest_first() -> None:
    assert merged((), ((5, 1),)) == ((5, 1),)
    assert merged(((5, 1),), ()) == ((5, 1),)
    assert merged(((7, 1), (5, 2)), ((9, 1), (5, 3))) == ((9, 1), (7, 1), (5, 5))


def test_lowered_units_are_taken_out_where_the_lane_consumes() -> None:
    state = State([LineState(((1000, 2), (900, 1)), ((800, 1),)), LineState(((500, 2),), ())], 0b11)
    offs = [(0, 1000, 1, 200), (0, 900, 1, 100), (1, 500, 2, 50)]

    assert lowered(state, offs, consume=True) == {
        0: LineState(((1000, 1),), ((800, 3),)),
        1: LineState((), ((450, 2),)),
    }
    assert lowered(state, offs, consume=False) == {
        0: LineState(((1000, 1), (800, 2)), ((800, 1),)),
        1: LineState(((450, 2),), ()),
    }


def test_what_was_looked_up_is_not_looked_up_again() -> None:
    cart = cart_of("A x3 @1000, B @500")
    scope = Scope(Keys((("skus", frozenset({"B"})),)), None)

    assert cart.mask(scope) == 0b10
    assert cart.indexes(0b10) == (1,)
    assert cart.indexes(0b10) is cart.indexes(0b10)
    cart.skus.clear()
    assert cart.mask(scope) == 0b10


def test_the_floor_of_a_line_is_its_cost_with_the_margin_rounded_up() -> None:
    cart = Cart(parse_facts(facts("A x3 @1000, B @500", {"A": {"unit_cost": 333}}, shipping=800)))

    assert [cart.floor(line, 0) for line in (0, 1, 2)] == [999, 0, 0]
    assert [cart.floor(line, 3333) for line in (0, 1, 2)] == [1332, 0, 0]
    cart.quantities[0] = 1
    assert cart.floor(0, 0) == 999
