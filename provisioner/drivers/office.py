"""The office's own eyes: pings, connects, asks resolvers and fetches pages from this machine."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.rcode
import dns.resolver
import httpx
from cryptography import x509
from icmplib import ICMPLibError, ping

from provisioner.drivers.outlook import Fetched, Reached, Resolved

_PINGS = 2
_LONGEST_URL, _LONGEST_TEXT = 2000, 200
_LAST_PORT = 65535
_STREAMS = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
_HEADERS = {"User-Agent": "provisioner", "Accept": "*/*"}


class OfficeOutlook:
    """Implements ``Outlook``; safe to share between threads.

    ``authorities``: a file of certificates to trust besides those of this machine. ``dns_port``:
    where resolvers listen, which is another than 53 only in a lab.
    """

    def __init__(self, authorities: Path | None = None, dns_port: int = 53) -> None:
        self._trusting = ssl.create_default_context(cafile=authorities)
        if authorities is not None:
            self._trusting.load_default_certs()
        self._looking = ssl.create_default_context()
        self._looking.check_hostname = False
        self._looking.verify_mode = ssl.CERT_NONE  # what the certificate is worth is told, not hid
        self._dns_port = dns_port

    def reach(
        self,
        address: str,
        ports: tuple[int, ...] = (),
        seconds: float = 2.0,
        greeted: frozenset[int] = frozenset(),
    ) -> Reached:
        """See ``Outlook``."""
        with ThreadPoolExecutor(len(ports) + 1) as pool:
            pinged = pool.submit(_ping, address, seconds)
            asked = {
                port: pool.submit(_connect, address, port, seconds, port in greeted)
                for port in ports
            }
            answers = {port: answer.result() for port, answer in asked.items()}
            could, milliseconds = pinged.result()
        return Reached(
            address=address,
            ping_ms=milliseconds,
            pinged=could,
            ports={port: None if isinstance(ms, str) else ms for port, ms in answers.items()},
            refused=frozenset(port for port, ms in answers.items() if ms == "refused"),
        )

    def resolve(self, name: str, server: str = "", seconds: float = 3.0) -> Resolved:
        """See ``Outlook``."""
        begun = time.monotonic()
        found = Resolved(name, server)
        try:
            resolver = dns.resolver.Resolver(configure=not server)
            if server:
                resolver.nameservers = [server]
                resolver.port = self._dns_port
            answer = resolver.resolve(name, "A", lifetime=seconds, search=False)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return replace(found, error=_dns_error(error), ms=_since(begun))
        addresses = tuple(sorted(str(record) for record in answer))
        return replace(found, addresses=addresses, ms=_since(begun))

    def fetch(self, url: str, seconds: float = 10.0) -> Fetched:
        """See ``Outlook``. The page itself is not even read."""
        if problem := _unfit(url):
            return Fetched(url, error=problem)
        found = self._fetch(url, self._trusting, seconds)
        if not found.certificate_error:
            return found
        seen = self._fetch(url, self._looking, seconds)
        return replace(seen, certificate_error=found.certificate_error)

    def _fetch(self, url: str, context: ssl.SSLContext, seconds: float) -> Fetched:
        begun = time.monotonic()
        try:
            with (
                _ending_after(seconds) as trace,
                httpx.Client(verify=context, timeout=seconds, trust_env=False) as client,
                client.stream("GET", url, headers=_HEADERS, extensions={"trace": trace}) as answer,
            ):
                until = _certificate_end(answer)
                return Fetched(url, answer.status_code, _since(begun), certificate_until=until)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            if time.monotonic() - begun >= seconds or isinstance(error, httpx.TimeoutException):
                return Fetched(url, error="timeout")
            why = _untrusted(error)
            text = "" if why else str(error) or type(error).__name__
            return Fetched(url, error=text[:_LONGEST_TEXT], certificate_error=why)


def _since(begun: float) -> float:
    return round((time.monotonic() - begun) * 1000, 1)


def _ping(address: str, seconds: float) -> tuple[bool, float | None]:
    """Whether a ping could be sent, and the milliseconds of the first that was answered."""
    try:
        for _ in range(_PINGS):
            host = ping(address, count=1, timeout=seconds / _PINGS, privileged=False)
            if host.is_alive:
                return True, float(host.avg_rtt)
    except (ICMPLibError, OSError, ValueError):
        return False, None
    return True, None


def _connect(address: str, port: int, seconds: float, greeted: bool) -> float | str | None:
    """Milliseconds until it accepted, or greeted; ``refused``, or None."""
    begun = time.monotonic()
    try:
        with socket.create_connection((address, port), timeout=seconds) as connection:
            if greeted:
                connection.recv(1)  # at a farewell, too, somebody is there
    except ConnectionRefusedError:
        return "refused"
    except (OSError, ValueError, OverflowError):
        return None
    return _since(begun)


def _dns_error(error: Exception) -> str:
    match error:
        case dns.resolver.NXDOMAIN():
            return "NXDOMAIN"
        case dns.resolver.NoAnswer():
            return "no address"
        case dns.exception.Timeout():
            return "timeout"
        case dns.resolver.NoNameservers():
            answers = [attempt[-1] for attempt in error.kwargs.get("errors", ())]
            said = [dns.rcode.to_text(a.rcode()) for a in answers if a is not None]
            return said[-1] if said else "no answer"
    return (str(error) or type(error).__name__)[:_LONGEST_TEXT]


def _unfit(url: str) -> str:
    """Why that is nothing to fetch; '' where it is."""
    try:
        parts = httpx.URL(url)
        host = parts.host  # a name that begins with xn-- is decoded only now
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return "no web address"
    fit = parts.scheme in ("http", "https") and host and (parts.port or 0) <= _LAST_PORT
    if not fit or len(url) > _LONGEST_URL:
        return "no web address"
    return "a web address with a password is not fetched" if parts.userinfo else ""


@contextmanager
def _ending_after(seconds: float) -> Iterator[Any]:
    """Ends the connection after so long in all, however slowly the other side drips.

    httpx's own limit begins anew with every byte.
    """
    sockets: list[socket.socket] = []
    over = threading.Event()

    def trace(event: str, info: dict[str, Any]) -> None:
        if event in _STREAMS:
            sockets.append(info["return_value"].get_extra_info("socket"))
            if over.is_set():
                end()

    def end() -> None:
        over.set()
        for one in sockets[-1:]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended by itself

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield trace
    finally:
        timer.cancel()


def _certificate_end(answer: httpx.Response) -> datetime | None:
    used = answer.extensions["network_stream"].get_extra_info("socket")
    shown = used.getpeercert(binary_form=True) if isinstance(used, ssl.SSLSocket) else None
    if shown is None:
        return None
    try:
        return x509.load_der_x509_certificate(shown).not_valid_after_utc
    except ValueError:
        return None  # OpenSSL takes what the parser does not


def _untrusted(error: BaseException | None) -> str:
    """What OpenSSL holds against the certificate; '' where that is not why it failed."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return str(error.verify_message)[:_LONGEST_TEXT]
        error = error.__cause__ or error.__context__
    return ""
