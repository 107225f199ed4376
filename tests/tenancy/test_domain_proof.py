"""The file that proves a domain is fetched from public addresses alone, whatever names and servers try."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tenants import domain_proof
from tenants.domain_proof import fetch_files, is_public, is_published, make_proof
from tenants.domains import add_domain, verify_domain
from tenants.errors import DomainUnproven
from tenants.models import Domain, Shop
from tests.support.nameserver import NameServer

HOST = "shop.example.com"
PUBLIC, OTHER_PUBLIC, PUBLIC_6 = "93.184.215.14", "93.184.215.15", "2606:2800:21f::1"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@dataclass
class WebServer:
    """Answers every connection with `answer`, piece by piece; `asked` are the requests, `dialled` where they went."""

    answer: list[bytes] = field(default_factory=list)
    pause: float = 0.0
    sent: int = 0
    asked: list[str] = field(default_factory=list)
    dialled: list[tuple[str, int]] = field(default_factory=list)

    def serve(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                self.asked.append(client.recv(4096).decode())
                try:
                    for piece in self.answer:
                        client.sendall(piece)
                        self.sent += 1
                        time.sleep(self.pause)
                except OSError:
                    continue

    def says(self, body: str) -> None:
        self.answer = [OK + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer(addresses={HOST: [PUBLIC]})
    with server.running() as resolver:
        monkeypatch.setattr("dns.resolver.default_resolver", resolver)
        yield server


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """The web server of all addresses at port 80; nobody listens at 443."""
    web, server = WebServer(), socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def connect(address: str, asked: int, seconds: float) -> socket.socket:
        web.dialled.append((address, asked))
        if asked != 80:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", port), timeout=seconds)

    monkeypatch.setattr(domain_proof, "connect", connect)
    thread = threading.Thread(target=web.serve, args=[server])
    thread.start()
    yield web
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_a_file_proves_the_domain(
    live_shops: tuple[Shop, Shop], now: datetime, names: NameServer, web: WebServer
) -> None:
    proof = add_domain(shop=live_shops[0], host=HOST, now=now)
    assert proof.address == f"http://{HOST}/.well-known/laxin-domain.txt"
    web.says("laxin-verification=guessed\n")
    with pytest.raises(DomainUnproven, match=r"/\.well-known/laxin-domain\.txt"):
        verify_domain(shop=live_shops[0], host=HOST, now=now)
    assert Domain.objects.get().verified_at is None

    web.says(f"\n{proof.value}\r\n")
    verify_domain(shop=live_shops[0], host=HOST, now=now)

    assert Domain.objects.get().verified_at == now
    assert web.asked[-1].startswith(f"GET /.well-known/laxin-domain.txt HTTP/1.1\r\nHost: {HOST}\r\n")
    assert web.dialled == [(PUBLIC, 443), (PUBLIC, 80)] * 2


def test_both_kinds_of_addresses_are_tried(names: NameServer, web: WebServer) -> None:
    names.addresses[HOST] = [PUBLIC, PUBLIC_6]
    web.says("hello")
    assert list(fetch_files(HOST)) == ["hello", "hello"]
    assert web.dialled == [(PUBLIC_6, 443), (PUBLIC, 443), (PUBLIC_6, 80), (PUBLIC, 80)]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.7", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "240.0.0.1", "192.0.2.1",
        "::1", "::", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:10.0.0.7", "::ffff:93.184.215.14",
        "64:ff9b::a00:7", "64:ff9b:1::1", "2002:a00:7::1", "2001:0:a00:7::1", "2001:db8::1", "::10.0.0.7",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_never_dialled(names: NameServer, web: WebServer, address: str) -> None:
    assert not is_public(ip_address(address))
    web.says("secret of the network")
    for addresses in ([address], [PUBLIC, address], [address, PUBLIC_6]):
        names.addresses[HOST] = addresses
        assert list(fetch_files(HOST)) == []
    assert web.dialled == []


@pytest.mark.parametrize("address", [PUBLIC, OTHER_PUBLIC, PUBLIC_6, "1.1.1.1", "2a00:1450::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(("name", "found"), [(HOST, ["hello"]), ("other.example.com", [])])
def test_over_tls_only_a_certificate_of_the_host_is_believed(
    name: str, found: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = make_certificate(name, tmp_path / "certificate.pem")
    served, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=certificate)
    served.load_cert_chain(certificate)
    ours, theirs = socket.socketpair()

    def connect(_address: str, port: int, _seconds: float) -> socket.socket:
        if port != 443:
            raise ConnectionRefusedError
        return ours

    def serve() -> None:
        with suppress(OSError), served.wrap_socket(theirs, server_side=True) as client:
            client.recv(4096)
            client.sendall(OK + b"Content-Length: 5\r\n\r\nhello")

    monkeypatch.setattr(domain_proof, "connect", connect)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    thread = threading.Thread(target=serve)
    thread.start()
    assert list(fetch_files(HOST)) == found
    thread.join()


def make_certificate(name: str, file: Path) -> Path:
    """A certificate that signs itself, with its key."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(names: NameServer, web: WebServer) -> None:
    names.later[HOST] = ["127.0.0.1"]
    web.says("hello")
    assert list(fetch_files(HOST)) == ["hello"]
    assert {address for address, _ in web.dialled} == {PUBLIC}
    assert names.asked == [(HOST, "A"), (HOST, "AAAA")]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 5\r\n\r\nVALUE",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nVALUE",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nVALUE",
    ],
)
def test_only_a_plain_answer_counts_and_no_redirect_is_followed(
    names: NameServer, web: WebServer, answer: bytes
) -> None:
    proof = make_proof(host=HOST, token="a" * 32)
    web.answer = [answer.replace(b"5", str(len(proof.value)).encode()).replace(b"VALUE", proof.value.encode())]
    assert not is_published(proof=proof)
    assert len(web.asked) == 1
    web.says(proof.value)
    assert is_published(proof=proof)


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort", b"\0" * 99]
)
def test_what_is_no_whole_answer_is_no_proof(names: NameServer, web: WebServer, answer: bytes) -> None:
    web.answer = [answer]
    assert list(fetch_files(HOST)) == []


def test_a_file_in_chunks_is_read(names: NameServer, web: WebServer) -> None:
    web.answer = [OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", b"2\r\nlo\r\n0\r\n\r\n"]
    assert list(fetch_files(HOST)) == ["hello"]


def test_a_large_answer_is_left_unread(names: NameServer, web: WebServer) -> None:
    web.says("x" * 100_000)
    assert "".join(fetch_files(HOST)) == ""


def test_a_server_that_trickles_is_given_up(names: NameServer, web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes in time; all of them would take an hour."""
    monkeypatch.setattr(domain_proof, "FILE_SECONDS", 0.4)
    web.answer, web.pause = [OK, *[b"X-Wait: 1\r\n"] * 36_000], 0.1
    assert list(fetch_files(HOST)) == []
    assert web.sent < 100
