"""`laxin bench catalog`: a page of 20 products with 3 variants each, of 1,000, by 4 clients."""

from collections.abc import Mapping
from functools import partial

from rich.progress import Progress

from bench.client import Storefront, WrongAnswer, post_json
from bench.installation import Installation, throwaway_installation
from bench.measure import Operation, measure_in_turn
from bench.report import Report, Row, compare

CLIENTS = 4
PRODUCTS = 1_000
PROMOTIONS = 100
PAGE = """
query Catalogue {
  products(first: 20, sort: NAME) {
    edges { node {
      id name slug category { id name slug path } badges { promotionId name price { amount currencyCode } }
      variants {
        id sku name barcode price { amount currencyCode } compareAtPrice { amount currencyCode }
        available availableQuantity
      }
    } }
    pageInfo { hasNextPage }
  }
}
"""


def run(*, environ: Mapping[str, str], rounds: int, operations: int, progress: Progress) -> Report:
    """Measure the page without promotions, then with 100 live ones, 20 of which are for products on it."""
    rows: list[Row] = []
    for promotions in (0, PROMOTIONS):
        suffix = f", {promotions} promotions" if promotions else ""
        task = progress.add_task(f"catalog{suffix}", total=2 * rounds * operations)
        arguments = [f"--products={PRODUCTS}", f"--product-promotions={promotions}"]
        with throwaway_installation(environ, arguments) as installation:
            if not promotions:
                _check_same_answer(installation)
            results = measure_in_turn(
                contestants=[
                    (installation.floor, partial(_floor, installation)),
                    (installation.laxin, partial(_laxin, installation)),
                ],
                rounds=rounds,
                operations=operations,
                clients=CLIENTS,
                probe=installation.probe,
                on_progress=partial(progress.advance, task),
            )
        rows += compare("laxin", results, suffix)
    return Report("catalog", f"page of 20 of {PRODUCTS:,} products × 3 variants, {CLIENTS} clients", tuple(rows))


def _check_same_answer(installation: Installation) -> None:
    """The floor must do the same work, or the ratio means nothing."""
    floor = post_json(installation.connect(floor=True), "/catalog", {})["data"]
    laxin = _storefront(installation).run(PAGE)
    if floor != laxin:
        raise WrongAnswer(f"The floor answers otherwise:\n{str(floor)[:800]}\n{str(laxin)[:800]}")


def _storefront(installation: Installation) -> Storefront:
    return Storefront(installation.connect(), host=installation.host, key=installation.seed["storefront_key"])


def _floor(installation: Installation) -> Operation:
    connection = installation.connect(floor=True)

    def operation(_serial: int) -> None:
        if len(post_json(connection, "/catalog", {})["data"]["products"]["edges"]) != 20:
            raise WrongAnswer("the floor's page is not of 20 products")

    return operation


def _laxin(installation: Installation) -> Operation:
    storefront = _storefront(installation)

    def operation(_serial: int) -> None:
        if len(storefront.run(PAGE)["products"]["edges"]) != 20:
            raise WrongAnswer("the page is not of 20 products")

    return operation
