"""`laxin bench join`: member, coupon, token and channel row in one transaction; one hot coupon, 4 and 32 clients."""

from collections.abc import Mapping
from functools import partial

from kernel.ids import hash_secret, new_code, new_secret
from rich.progress import Progress

from bench.client import Storefront, WrongAnswer, post_json
from bench.installation import Installation, throwaway_installation
from bench.measure import Operation, measure_in_turn
from bench.report import Report, Row, compare

# Number of clients, and the prefixes of the phone numbers of the floor's and Laxin's new members.
CLIENTS = ((4, ("+86130", "+86131")), (32, ("+86132", "+86133")))
JOIN = """
mutation Join($input: MemberJoinInput!) {
  memberJoin(input: $input) { member { id } token coupon { code } alreadyMember userErrors { code message } }
}
"""


def run(*, environ: Mapping[str, str], rounds: int, operations: int, progress: Progress) -> Report:
    """Measure joins of new members by one link whose coupon never sells out."""
    rows: list[Row] = []
    with throwaway_installation(environ, ["--products=20"]) as installation:
        for clients, prefixes in CLIENTS:
            suffix = f", {clients} clients"
            task = progress.add_task(f"join{suffix}", total=2 * rounds * operations)
            results = measure_in_turn(
                contestants=[
                    (installation.floor, partial(_floor, installation, prefixes[0])),
                    (installation.laxin, partial(_laxin, installation, prefixes[1])),
                ],
                rounds=rounds,
                operations=operations,
                clients=clients,
                probe=installation.probe,
                on_progress=partial(progress.advance, task),
            )
            rows += compare("laxin", results, suffix)
    return Report("join", "new member, coupon, token and channel row by one link", tuple(rows))


def _phone(prefix: str, serial: int) -> str:
    """A number that no other operation uses."""
    return f"{prefix}{serial % 100_000_000:08}"


def _floor(installation: Installation, prefix: str) -> Operation:
    connection = installation.connect(floor=True)
    seed = installation.seed

    def operation(serial: int) -> None:
        parameters = {
            "phone": _phone(prefix, serial),
            "batch": seed["batch_id"],
            "link": seed["link_id"],
            "code": new_code(),
            "token": hash_secret(new_secret()),
        }
        if not post_json(connection, "/join", parameters)["code"]:
            raise WrongAnswer("the floor's member has no coupon")

    return operation


def _laxin(installation: Installation, prefix: str) -> Operation:
    storefront = Storefront(installation.connect(), host=installation.host, key=installation.seed["storefront_key"])

    def operation(serial: int) -> None:
        phone = _phone(prefix, serial)
        wanted = {"joinCode": installation.seed["join_code"], "phone": phone, "idempotencyKey": new_secret()}
        joined = storefront.run(JOIN, {"input": wanted})["memberJoin"]
        if joined["alreadyMember"] or not joined["coupon"]:
            raise WrongAnswer(f"not a new member with a coupon: {joined}")

    return operation
