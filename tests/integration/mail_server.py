"""A real mail server for tests: takes, refuses, asks to come again, with or without TLS."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "rahasia-surel"


class Post:
    """What came, and what the server says of each address next time."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Message]] = []
        self.answers: dict[str, list[str]] = {}
        """Address to what is answered, one after the other, before it is taken."""

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if answers := self.answers.get(address):
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        self.taken += [(address, message) for address in envelope.rcpt_tos]
        return "250 taken"


def _signed_in(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> Any:
    fine = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=fine, handled=fine)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that nobody else signed: its file, and the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    begun = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(begun + datetime.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return file, context


@contextmanager
def mail_server(
    tls: ssl.SSLContext | None = None, *, port: int = 0, demand: bool = False
) -> Iterator[tuple[Post, int]]:
    """The post and its port; with ``tls`` offered by STARTTLS, and sign-in where ``demand``."""
    post = Post()
    extra: dict[str, Any] = {}
    if tls:
        extra = {"tls_context": tls, "require_starttls": True}
    if demand:
        extra |= {"authenticator": _signed_in, "auth_required": True}
    controller = _AnyPort(post, hostname="127.0.0.1", port=port, **extra)
    controller.start()
    try:
        yield post, controller.server.sockets[0].getsockname()[1]
    finally:
        controller.stop()


class _AnyPort(Controller):
    """Port 0 lets the system choose; asked itself whether it answers, at the port chosen."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()
