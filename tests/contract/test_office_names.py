"""Names asked from the office of a small DNS server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from provisioner.drivers.office import OfficeOutlook


class Resolver:
    """A DNS server on loopback that knows one name."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.silent = False
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                packet, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(packet)
            name = query.question[0].name.to_text()
            self.asked.append(name)
            if not self.silent:
                self._socket.sendto(self._answer(query, name).to_wire(), sender)

    def _answer(self, query: dns.message.Message, name: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name == "portal.example.":
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "10.0.0.7", "10.0.0.8"))
        elif name == "broken.example.":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name != "empty.example.":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    running = Resolver()
    yield running
    running.close()


@pytest.mark.parametrize(
    ("name", "addresses", "error"),
    [
        ("portal.example", ("10.0.0.7", "10.0.0.8"), ""),
        ("portal.example.", ("10.0.0.7", "10.0.0.8"), ""),
        ("nobody.example", (), "NXDOMAIN"),
        ("empty.example", (), "no address"),
        ("broken.example", (), "SERVFAIL"),
    ],
)
def test_what_a_resolver_answers(
    resolver: Resolver, name: str, addresses: tuple[str, ...], error: str
) -> None:
    found = OfficeOutlook(dns_port=resolver.port).resolve(name, "127.0.0.1", 2)
    assert (found.name, found.server) == (name, "127.0.0.1")
    assert (found.addresses, found.error) == (addresses, error)
    assert found.ms is not None
    assert set(resolver.asked) == {name.rstrip(".") + "."}


def test_a_resolver_that_is_silent(resolver: Resolver) -> None:
    resolver.silent = True
    found = OfficeOutlook(dns_port=resolver.port).resolve("portal.example", "127.0.0.1", 0.4)
    assert (found.addresses, found.error) == ((), "timeout")


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("portal.example", "nonsense"),
        ("x" * 300, "127.0.0.1"),
        ("", "127.0.0.1"),
        ("a..b", "127.0.0.1"),
    ],
)
def test_a_question_that_is_none(resolver: Resolver, name: str, server: str) -> None:
    found = OfficeOutlook(dns_port=resolver.port).resolve(name, server, 1)
    assert found.addresses == ()
    assert found.error
