"""What proves a domain: a TXT record in its DNS, or a file on the web server that it leads to.

Who asks chooses the host, so fetching the file could be turned against machines that only we can reach. Therefore the
name is resolved once, all its addresses must be public, the connection goes to such an address and not to the name,
no redirect is followed, and time and size are small.
"""

import io
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, cast

import dns.exception
import dns.resolver

DNS_SECONDS = 5.0
FILE_SECONDS = 5.0  # for all of it: resolving, connecting, reading
CONNECT_SECONDS = 2.0
MAX_BYTES = 8192  # headers included
RECORD = "_laxin"
PATH = "/.well-known/laxin-domain.txt"
PORTS = {"https": 443, "http": 80}
_UNICAST = IPv6Network("2000::/3")
# They carry an IPv4 address inside, which a gateway on our side may lead anywhere: 6to4 and Teredo.
_CARRIERS = [IPv6Network(each) for each in ("2002::/16", "2001::/32")]


@dataclass(frozen=True, slots=True)
class Proof:
    """That `host` is the shop's: `value` as a TXT record of `name`, or as the text of the file at `address`."""

    host: str
    name: str
    value: str
    address: str


def make_proof(*, host: str, token: str) -> Proof:
    """What the owner of `host` must publish."""
    return Proof(
        host=host, name=f"{RECORD}.{host}", value=f"laxin-verification={token}", address=f"http://{host}{PATH}"
    )


def is_published(*, proof: Proof) -> bool:
    """Look for the record, then for the file. Ten seconds at most; no transaction should be open meanwhile."""
    return proof.value in resolve_txt(proof.name) or any(
        proof.value in map(str.strip, text.splitlines()) for text in fetch_files(proof.host)
    )


def resolve_txt(name: str) -> list[str]:
    """Return the TXT records of a name, none where it does not exist or nobody answers within five seconds."""
    return [b"".join(record.strings).decode(errors="replace") for record in _resolve(name, "TXT", DNS_SECONDS)]


def fetch_files(host: str) -> Iterator[str]:
    """Yield what the host's web servers answer for the file, nothing where one of its addresses is not public."""
    ends = time.monotonic() + FILE_SECONDS
    found = [ip_address(record.address) for kind in ("A", "AAAA") for record in _resolve(host, kind, FILE_SECONDS / 2)]
    if not all(map(is_public, found)):
        return
    # One of each kind: we may have no way to those of the other.
    chosen = {address.version: address for address in reversed(found)}
    for scheme in PORTS:
        for address in chosen.values():
            with suppress(OSError, HTTPException):
                yield _fetch(scheme, host, str(address), ends)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether the address is one of the internet's and of a single machine."""
    if address.version == 6 and (address not in _UNICAST or any(address in carrier for carrier in _CARRIERS)):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """Open a connection to an address that was found public."""
    return socket.create_connection((address, port), timeout=seconds)


def _resolve(name: str, kind: str, seconds: float) -> list[Any]:
    try:
        answer = dns.resolver.resolve(f"{name}.", kind, lifetime=seconds, raise_on_no_answer=False)
    except dns.exception.DNSException:
        return []
    return list(answer.rrset or ())


def _fetch(scheme: str, host: str, address: str, ends: float) -> str:
    """Return the file's text, empty for any answer but 200. Raises OSError, HTTPException."""
    with connect(address, PORTS[scheme], min(CONNECT_SECONDS, _left(ends))) as plain:
        plain.settimeout(_left(ends))
        if scheme == "http":
            return _exchange(plain, host, ends)
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as encrypted:
            return _exchange(encrypted, host, ends)


def _exchange(connection: socket.socket, host: str, ends: float) -> str:
    request = f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: laxin\r\nAccept: text/plain\r\nConnection: close\r\n"
    connection.sendall(f"{request}\r\n".encode())
    received = bytearray()
    while piece := connection.recv(MAX_BYTES):
        received += piece
        if len(received) > MAX_BYTES:
            return ""
        connection.settimeout(_left(ends))  # for all pieces together: a server may send them one by one
    response = HTTPResponse(cast(Any, _Received(bytes(received))))
    response.begin()
    return response.read().decode(errors="replace") if response.status == 200 else ""


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Received:
    """An answer that is there already, as `http.client` reads it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)
