"""`laxin bench checkout`: the flow of four requests with a coupon: cart, coupon, cart read again, order."""

from collections.abc import Mapping
from functools import partial

from kernel.ids import new_secret
from rich.progress import Progress

from bench.client import Storefront, WrongAnswer, post_json
from bench.installation import Installation, throwaway_installation
from bench.join import JOIN
from bench.measure import Operation, measure_in_turn
from bench.report import Report, Row, compare

CLIENTS = 4
PROMOTIONS = 100
CART = "id subtotal { amount } discount { amount } total { amount } applied { promotionId amount { amount } }"
CREATE = "mutation($input: CartCreateInput!) { cartCreate(input: $input) { cart { id } userErrors { code message } } }"
COUPONS = (
    "mutation($input: CartCouponsSetInput!) { cartCouponsSet(input: $input) {"
    f" cart {{ {CART} }} userErrors {{ code message }} }} }}"
)
READ = f"query($id: ID!) {{ cart(id: $id) {{ {CART} lines {{ quantity total {{ amount }} }} }} }}"
COMPLETE = (
    "mutation($input: CheckoutCompleteInput!) { checkoutComplete(input: $input) {"
    " order { number total { amount } } userErrors { code message } } }"
)


def run(*, environ: Mapping[str, str], rounds: int, operations: int, progress: Progress) -> Report:
    """Measure flows without other promotions, then with 100 live order promotions."""
    rows: list[Row] = []
    for promotions in (0, PROMOTIONS):
        suffix = f", {promotions} promotions" if promotions else ""
        flows = rounds * operations + 20 * CLIENTS
        task = progress.add_task(f"checkout{suffix}", total=2 * rounds * operations + 2 * flows)
        with throwaway_installation(environ, ["--products=20", f"--order-promotions={promotions}"]) as installation:
            members = {"floor": _join(installation, "+86134", flows), "laxin": _join(installation, "+86135", flows)}
            progress.advance(task, 2 * flows)
            results = measure_in_turn(
                contestants=[
                    (installation.floor, partial(_floor, installation, members["floor"])),
                    (installation.laxin, partial(_laxin, installation, members["laxin"])),
                ],
                rounds=rounds,
                operations=operations,
                clients=CLIENTS,
                probe=installation.probe,
                on_progress=partial(progress.advance, task),
            )
        rows += compare("laxin", results, suffix)
    about = f"four requests, 3 lines, one coupon, {CLIENTS} clients; the floor is one statement"
    return Report("checkout", about, tuple(rows))


def _join(installation: Installation, prefix: str, count: int) -> list[tuple[str, str]]:
    """Join as many members as flows will be run and return `(token, coupon code)` of each; not measured."""
    storefront = _storefront(installation)
    members = []
    for serial in range(count):
        wanted = {
            "joinCode": installation.seed["join_code"],
            "phone": f"{prefix}{serial:08}",
            "idempotencyKey": new_secret(),
        }
        joined = storefront.run(JOIN, {"input": wanted})["memberJoin"]
        members.append((joined["token"], joined["coupon"]["code"]))
    return members


def _storefront(installation: Installation) -> Storefront:
    return Storefront(installation.connect(), host=installation.host, key=installation.seed["storefront_key"])


def _floor(installation: Installation, members: list[tuple[str, str]]) -> Operation:
    connection = installation.connect(floor=True)
    seed = installation.seed
    subtotal = sum(seed["prices"][sku] for sku in seed["cart_skus"])

    def operation(serial: int) -> None:
        parameters = {
            "skus": seed["cart_skus"],
            "code": members[serial][1],
            "subtotal": subtotal,
            "total": subtotal - seed["coupon_amount"],
        }
        if not post_json(connection, "/checkout", parameters)["number"]:
            raise WrongAnswer("the floor placed no order")

    return operation


def _laxin(installation: Installation, members: list[tuple[str, str]]) -> Operation:
    storefront = _storefront(installation)
    lines = [{"sku": sku, "quantity": 1} for sku in installation.seed["cart_skus"]]

    def operation(serial: int) -> None:
        token, code = members[serial]
        cart_id = storefront.run(CREATE, {"input": {"lines": lines, "channel": "ONLINE"}}, token=token)["cartCreate"][
            "cart"
        ]["id"]
        storefront.run(COUPONS, {"input": {"cartId": cart_id, "codes": [code]}}, token=token)
        cart = storefront.run(READ, {"id": cart_id}, token=token)["cart"]
        wanted = {"cartId": cart_id, "idempotencyKey": new_secret(), "payment": {"method": "OFFLINE"}}
        order = storefront.run(COMPLETE, {"input": wanted}, token=token)["checkoutComplete"]["order"]
        if order["total"] != cart["total"] or not cart["applied"]:
            raise WrongAnswer(f"order {order} of cart {cart}")

    return operation
