"""A DNS server on the loopback, with the records that a test gives it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset


@dataclass
class NameServer:
    """`texts` are TXT records by name; `addresses` answers a name's A and AAAA queries, `asked` has all queries."""

    texts: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    later: dict[str, list[str]] = field(default_factory=dict)  # addresses from the second A query on: rebinding

    def find(self, name: str, kind: str) -> list[str]:
        """The data of the records of one kind."""
        again = (name, kind) in self.asked
        self.asked.append((name, kind))
        if kind == "TXT":
            return [f'"{self.texts[name]}"'] if name in self.texts else []
        addresses = self.later.get(name, []) if again and name in self.later else self.addresses.get(name, [])
        return [each for each in addresses if (":" in each) == (kind == "AAAA")]

    def knows(self, name: str) -> bool:
        """Whether there is any record of the name."""
        return name in self.texts or name in self.addresses

    @contextmanager
    def running(self) -> Iterator[dns.resolver.Resolver]:
        """Serve until the block ends; yields a resolver that asks this server alone."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    data, client = server.recvfrom(4096)
                except TimeoutError:
                    continue
                server.sendto(self._answer(data), client)

        thread = threading.Thread(target=serve)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        try:
            yield resolver
        finally:
            stop.set()
            thread.join()
            server.close()

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        if found := self.find(name, kind):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not self.knows(name):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()
