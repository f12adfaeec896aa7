"""TLS to a cluster: a CA file or pinned certificates, checked before anything is sent."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

from provisioner.errors import Misconfigured
from provisioner.texts import say

PIN_PREFIX = "sha256:"
CONNECT_SECONDS = 10.0
_CONNECTIONS_PER_NODE = 32


class Unsent(NewConnectionError):
    """No connection came about, so nothing of the call was sent."""


class WrongCertificate(Unsent):
    """The server's certificate is none of the pinned ones; ``seen`` is its fingerprint."""

    def __init__(self, connection: HTTPSConnection, seen: str) -> None:
        super().__init__(connection, f"the certificate is {seen}")
        self.seen = seen


def fingerprint(certificate: bytes) -> str:
    """``sha256:AB:CD:…`` of a DER certificate, as PVE's own pages show it."""
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return PIN_PREFIX + ":".join(re.findall("..", digest))


def seen_fingerprint(url: str, seconds: float = CONNECT_SECONDS) -> str:
    """The fingerprint that a cluster's node shows now, for `provisioner trust`. Raises OSError."""
    parts = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # looking, not trusting: a person compares what is shown
    address = (parts.hostname or "", parts.port or 8006)
    with (
        socket.create_connection(address, timeout=seconds) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
    ):
        return fingerprint(secured.getpeercert(binary_form=True) or b"")


class Trust:
    """What the configuration's ``verify`` says: pins (any of them will do) or one CA path.

    Raises Misconfigured when a pin is no SHA-256 fingerprint or the CA file is not there.
    """

    def __init__(self, cluster: str, verify: list[str], base: Path) -> None:
        key = f"clusters.{cluster}.verify"
        self.pins: frozenset[str] = frozenset()
        self.ca: str | None = None
        if all(entry.lower().startswith(PIN_PREFIX) for entry in verify):
            self.pins = frozenset(_normal(entry, key) for entry in verify)
        elif len(verify) == 1:
            path = base / verify[0]
            if not path.exists():
                raise Misconfigured(str(path), key, say("there is no such CA file"))
            self.ca = str(path)
        else:
            raise Misconfigured("provisioner.toml", key, say("must be fingerprints or one CA path"))

    @property
    def verify(self) -> str | bool:
        """The value of requests' ``verify``: the CA, or False where the pins decide alone."""
        return self.ca or False

    def session(self) -> requests.Session:
        """A session that keeps connections and heeds nothing of the environment (proxies, CA)."""
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.mount("https://", _Adapter(self.pins))
        session.headers["Accept"] = "application/json"
        return session


def _normal(pin: str, key: str) -> str:
    digits = pin[len(PIN_PREFIX) :].replace(":", "").strip().upper()
    if not re.fullmatch(r"[0-9A-F]{64}", digits):
        raise Misconfigured(
            "provisioner.toml", key, say("%(pin)s is not a SHA-256 fingerprint", pin=pin)
        )
    return PIN_PREFIX + ":".join(re.findall("..", digits))


class _Connection(HTTPSConnection):
    """Tells what failed before sending from what failed after, and compares the pins."""

    pins: frozenset[str] = frozenset()

    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, HTTPError) as error:
            raise Unsent(self, str(error)) from error
        if not self.pins:
            return
        # urllib3's own assert_fingerprint takes one pin only; a cluster has one per node.
        certificate = self.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
        seen = fingerprint(certificate or b"")
        if seen not in self.pins:
            self.close()
            raise WrongCertificate(self, seen)
        self.is_verified = True


class _Adapter(HTTPAdapter):
    def __init__(self, pins: frozenset[str]) -> None:
        self._pins = pins
        super().__init__(pool_maxsize=_CONNECTIONS_PER_NODE, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        connection = type("Connection", (_Connection,), {"pins": self._pins})
        pool = type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": connection})
        self.poolmanager.pool_classes_by_scheme = {"https": pool, "http": HTTPConnectionPool}
