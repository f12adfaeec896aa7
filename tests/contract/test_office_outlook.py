"""The office's eyes on real sockets: TCP, HTTPS with certificates of every kind, a DNS server."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from icmplib import ICMPLibError, ping

from provisioner.drivers.office import OfficeOutlook
from provisioner.drivers.outlook import Reached

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of a test")])


def signed(host: str, until: datetime, authority: bool = False) -> x509.Certificate:
    names = [x509.IPAddress(ipaddress.ip_address(host))] if host[0].isdigit() else []
    subject = NAME if authority else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    usage = x509.KeyUsage(
        True, False, False, False, False, authority, authority, False, False
    )  # fmt: skip
    identity = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(NAME)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 100 * DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names or [x509.DNSName(host)]), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(identity, critical=False)
        .add_extension(issuer, critical=False)
        .sign(KEY, hashes.SHA256())
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(pem(signed("authority.example", NOW + 300 * DAY, authority=True)))
    return path


@pytest.fixture(scope="module")
def office(authority: Path) -> OfficeOutlook:
    return OfficeOutlook(authority)


class Page(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path))
        self.send_response(int(self.path.strip("/") or 200))
        self.send_header("Location", "/500")
        self.send_header("Content-Length", str(1 << 40))  # nobody is to read that
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that do not like the certificate hang up."""


Serve = Callable[[x509.Certificate | None], tuple[str, list[tuple[str, str]]]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a web server, of HTTPS with a certificate; gives its URL and what it was asked."""
    running: list[ThreadingHTTPServer] = []

    def start(certificate: x509.Certificate | None) -> tuple[str, list[tuple[str, str]]]:
        asked: list[tuple[str, str]] = []
        server = Quiet(("127.0.0.1", 0), type("Handler", (Page,), {"asked": asked}))
        if certificate is not None:
            (tmp_path / "cert.pem").write_bytes(pem(certificate))
            (tmp_path / "key.pem").write_bytes(
                KEY.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(server)
        scheme = "https" if certificate else "http"
        return f"{scheme}://127.0.0.1:{server.server_address[1]}", asked

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


# ---------------------------------------------------------------- web pages


@pytest.mark.parametrize("status", [200, 301, 404, 503])
def test_a_page_is_asked_for_once_and_not_read(
    office: OfficeOutlook, serve: Serve, status: int
) -> None:
    url, asked = serve(None)
    fetched = office.fetch(f"{url}/{status}", 5)
    assert (fetched.status, fetched.error) == (status, "")
    assert (fetched.certificate_until, fetched.certificate_error) == (None, "")
    assert fetched.ms is not None
    assert asked == [("GET", f"/{status}")]


@pytest.mark.parametrize(
    ("host", "days", "trusted", "why"),
    [
        ("127.0.0.1", 90, True, ""),
        ("127.0.0.1", 5, True, ""),
        ("127.0.0.1", -1, True, "expired"),
        ("127.0.0.2", 90, True, "mismatch"),
        ("127.0.0.1", 90, False, "issuer"),
    ],
)
def test_a_certificate_is_told_and_the_status_all_the_same(
    authority: Path, serve: Serve, host: str, days: int, trusted: bool, why: str
) -> None:
    until = (NOW + days * DAY).replace(microsecond=0)
    url, _ = serve(signed(host, until))
    fetched = OfficeOutlook(authority if trusted else None).fetch(url, 5)
    assert (fetched.status, fetched.error, fetched.certificate_until) == (200, "", until)
    assert bool(fetched.certificate_error) == bool(why)
    assert why in fetched.certificate_error


def test_the_environment_has_no_say(
    office: OfficeOutlook, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    url, _ = serve(None)
    assert office.fetch(url, 5).status == 200


def test_nobody_there(office: OfficeOutlook) -> None:
    fetched = office.fetch(f"http://127.0.0.1:{free_port()}/", 5)
    assert fetched.status is None
    assert "refused" in fetched.error


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_says_nothing_costs_its_time(office: OfficeOutlook, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/"
        assert office.fetch(url, 0.3).error == "timeout"


def test_a_server_that_drips_costs_its_time(office: OfficeOutlook) -> None:
    """Each byte comes well within the limit, all of them never."""
    over = threading.Event()

    def drip() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not over.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip)
        dripping.start()
        fetched = office.fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/", 0.4)
        over.set()
        dripping.join()
    assert (fetched.status, fetched.error) == (None, "timeout")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 70000])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_something_else_answers(office: OfficeOutlook, scheme: str, answer: bytes) -> None:
    def speak() -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                connection.recv(1)
                connection.sendall(answer)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        speaking = threading.Thread(target=speak)
        speaking.start()
        fetched = office.fetch(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/", 5)
        speaking.join()
    assert fetched.status is None
    assert 0 < len(fetched.error) <= 200
    assert fetched.certificate_error == ""


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "127.0.0.1",
        "http://",
        "",
        "http://\x00/",
        "http://" + "a" * 3000,
        "http://[::1",
        "http://xn--/",
        "http://x:99999/",
        "gopher://127.0.0.1:70/_",
    ],
)
def test_what_is_no_web_address_is_not_asked_for(office: OfficeOutlook, url: str) -> None:
    assert office.fetch(url, 1).error == "no web address"


def test_a_password_in_an_address_is_neither_sent_nor_told(
    office: OfficeOutlook, serve: Serve
) -> None:
    url, asked = serve(None)
    fetched = office.fetch(url.replace("//", "//somebody:geheim@"), 1)
    assert fetched.status is None
    assert "geheim" not in fetched.error
    assert asked == []


# ---------------------------------------------------------------- addresses


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def test_ports_that_listen_refuse_and_keep_silent(office: OfficeOutlook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_, socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        name = full.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(name)
        ports = (open_.getsockname()[1], free_port(), name[1])
        reached = office.reach("127.0.0.1", ports, 0.4)
        for filler in fillers:
            filler.close()
    assert reached.ports[ports[0]] is not None
    assert (reached.ports[ports[1]], reached.ports[ports[2]]) == (None, None)
    assert reached.refused == {ports[1]}


@pytest.mark.parametrize(("greeting", "counts"), [(b"SSH-2.0-x\r\n", True), (b"", False)])
def test_a_port_where_the_server_speaks_first(
    office: OfficeOutlook, greeting: bytes, counts: bool
) -> None:
    """A server that hangs is let connect to by its kernel all the same."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        reaching = threading.Thread(
            target=lambda: found.append(
                office.reach("127.0.0.1", (port,), 0.4, greeted=frozenset({port}))
            )
        )
        found: list[Reached] = []
        reaching.start()
        with listening.accept()[0] as connection:
            connection.sendall(greeting)
            reaching.join()
    assert (found[0].ports[port] is not None) == counts


def test_pings_where_this_machine_may(office: OfficeOutlook) -> None:
    reached = office.reach("127.0.0.1", (), 1)
    try:
        may = ping("127.0.0.1", count=1, timeout=1, privileged=False).is_alive
    except ICMPLibError:
        may = False
    assert reached.pinged == may
    assert (reached.ping_ms is not None) == may


@pytest.mark.parametrize("address", ["", "no.such.invalid", "300.1.1.1", "a b", "x" * 300, "\x00"])
def test_an_address_that_is_none(office: OfficeOutlook, address: str) -> None:
    reached = office.reach(address, (22, 99999, -1), 0.3)
    assert reached.address == address
    assert not any(reached.ports.values()) or address == ""
    assert reached.ping_ms is None or address == ""
