"""A small HTTPS server that plays back answers: recorded ones, gateway errors, lost connections."""

from __future__ import annotations

import json
import ssl
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

API = "/api2/json"


@dataclass(frozen=True)
class Reply:
    """One answer. ``drop``: the request is read, then the connection ends without a word."""

    data: Any = None
    status: int = 200
    reason: str = "OK"
    errors: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drop: bool = False
    hang: bool = False
    then_close: bool = False
    """The connection is closed after the answer without a word of it in the headers."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        content: dict[str, Any] = {"data": self.data}
        if self.status >= 400:
            content["message"] = self.reason + "\n"
        if self.errors:
            content["errors"] = dict(self.errors)
        return json.dumps(content).encode()


def refusal(text: str, status: int = 500) -> Reply:
    """An error as PVE says it: its text is the reason phrase too."""
    return Reply(status=status, reason=text)


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    values: dict[str, str]
    body: str
    authorization: str


class ScriptedCluster:
    """Answers each call with the replies given for it in turn, the last one for ever."""

    def __init__(self, cert: Path, key: Path) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self._closed = threading.Event()
        self._replies: dict[tuple[str, str], list[Reply]] = defaultdict(list)
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def on(self, method: str, path: str, *replies: Reply | Any) -> None:
        """Data alone stands for a success with it."""
        self._replies[method, path] = [
            reply if isinstance(reply, Reply) else Reply(reply) for reply in replies
        ]

    def calls(self, method: str | None = None) -> list[str]:
        return [f"{s.method} {s.path}" for s in self.seen if method in (None, s.method)]

    def wait_until_closed(self) -> None:
        """Wait until a connection has ended on the server's side, since the last such wait."""
        assert self._closed.wait(10)
        self._closed.clear()

    def _next(self, method: str, path: str) -> Reply:
        replies = self._replies.get((method, path))
        if not replies:
            return refusal(f"Method '{method} {path}' not implemented", 501)
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # one packet per answer

            def setup(self) -> None:
                cluster.connections += 1
                super().setup()

            def answer(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path = unquote(parts.path).removeprefix(API)
                values = dict(parse_qsl(parts.query) + parse_qsl(body))
                authorization = self.headers.get("Authorization", "")
                cluster.seen.append(Seen(self.command, path, values, body, authorization))
                reply = cluster._next(self.command, path)
                if reply.hang:
                    cluster._ended.wait(30)
                if reply.drop or reply.hang:
                    self.close_connection = True
                    self.connection.close()
                    return
                content = reply.body()
                self.send_response(reply.status, reply.reason)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                if reply.then_close:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

            def finish(self) -> None:
                if not self.wfile.closed:
                    super().finish()

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    self.close_connection = True

                self.connection.close()
                cluster._closed.set()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler
