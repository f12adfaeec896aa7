"""The HTTP interface as a person uses it from a terminal: one call, its answer or its problem."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from provisioner.commands.output import language
from provisioner.errors import FieldError, Invalid, ProvisionerError
from provisioner.texts import Message, say

URL_VARIABLE = "PROVISIONER_URL"
TOKEN_VARIABLE = "PROVISIONER_TOKEN"  # noqa: S105
DEFAULT_URL = "http://127.0.0.1:8080"
_TIMEOUT = httpx.Timeout(60, connect=10)
_SILENCE_SECONDS = 60.0
"""The stream says something every 15 seconds."""


class Answered(ProvisionerError):
    """The service answered with a problem (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        what = problem.get("detail") or problem.get("title") or f"HTTP {status}"
        text = " ".join(filter(None, (str(what), problem.get("meaning"), problem.get("next"))))
        slug = str(problem.get("type", "")).rstrip("/").rpartition("/")[2] or "error"
        super().__init__(Message(text), slug=slug)
        self.status, self.problem = status, problem


@dataclass(frozen=True)
class StreamEvent:
    """One server-sent event."""

    id: str
    event: str
    data: str


class Client:
    """Calls the service that PROVISIONER_URL names, as the person of PROVISIONER_TOKEN."""

    def __init__(self) -> None:
        self.url = os.environ.get(URL_VARIABLE) or DEFAULT_URL
        token = os.environ.get(TOKEN_VARIABLE)
        if not token:
            raise Invalid(
                [
                    FieldError(
                        TOKEN_VARIABLE, say("`provisioner token create --user NAME` makes one")
                    )
                ],
                say("Set the environment variable %(name)s first.", name=TOKEN_VARIABLE),
            )
        if not self.url.startswith(("http://", "https://")):
            raise Invalid([FieldError(URL_VARIABLE, say("has to begin with https:// or http://"))])
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": language()}

    def get(self, path: str, **params: Any) -> Any:
        """The answer's JSON; raises Answered for a problem."""
        given = {k: v for k, v in params.items() if v is not None}
        with self._connection() as http:
            return self._read(http.get(path, params=given))

    def download(self, path: str) -> bytes:
        """The answer as a file; raises Answered for a problem."""
        with self._connection() as http:
            response = http.get(path)
            if response.is_error:
                self._read(response)
            return response.content

    def post(self, path: str, body: Any = None, file: Path | None = None) -> Any:
        """Send JSON or a file, once even if the connection has to be tried again."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        files = {"file": (file.name, file.read_bytes())} if file else None
        with self._connection() as http:
            return self._read(http.post(path, json=body, files=files, headers=headers))

    def post_form(
        self, path: str, form: Mapping[str, str], name: str, files: Sequence[Path]
    ) -> Any:
        """Send a form with any number of files under one name."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        parts: list[tuple[str, tuple[str | None, bytes]]] = [
            (key, (None, value.encode())) for key, value in form.items()
        ]
        parts += [(name, (file.name, file.read_bytes())) for file in files]
        with self._connection() as http:
            return self._read(http.post(path, files=parts, headers=headers))

    def stream(self, path: str, after: str = "") -> Iterator[StreamEvent]:
        """The server-sent events after the one of id ``after``; ends when the server ends."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        timeout = httpx.Timeout(_SILENCE_SECONDS, connect=10)
        with (
            self._connection() as http,
            http.stream("GET", path, headers=headers, timeout=timeout) as response,
        ):
            if response.is_error:
                response.read()
                self._read(response)
            yield from _events(response.iter_lines())

    def _read(self, response: httpx.Response) -> Any:
        try:
            data = response.json() if response.content else None
        except json.JSONDecodeError:
            data = None
        if response.is_success and (data is not None or not response.content):
            return data
        problem = data if isinstance(data, dict) else {}
        if response.status_code in (400, 422) and problem.get("errors"):
            errors = [
                FieldError(str(e.get("pointer", "")), Message(str(e.get("message", ""))))
                for e in problem["errors"]
            ]
            raise Invalid(errors, Message(str(problem.get("detail") or problem.get("title"))))
        if not problem:
            raise ProvisionerError(
                say(
                    "%(url)s answered %(status)s, but not as provisioner does; check %(name)s.",
                    url=self.url,
                    status=response.status_code,
                    name=URL_VARIABLE,
                )
            )
        raise Answered(response.status_code, problem)

    @contextmanager
    def _connection(self) -> Iterator[httpx.Client]:
        base = self.url.rstrip("/") + "/api/v1"
        try:
            with httpx.Client(base_url=base, headers=self._headers, timeout=_TIMEOUT) as http:
                yield http
        except httpx.HTTPError as error:
            raise ProvisionerError(
                say(
                    "%(url)s cannot be reached: %(why)s. Is `provisioner serve` running, and is "
                    "%(name)s right?",
                    url=self.url,
                    why=str(error) or type(error).__name__,
                    name=URL_VARIABLE,
                ),
                slug="unreachable",
            ) from error


def _events(lines: Iterator[str]) -> Iterator[StreamEvent]:
    fields: dict[str, list[str]] = {}
    last = ""
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        last = fields.get("id", [last])[-1]
        if "data" in fields:
            yield StreamEvent(last, fields.get("event", ["message"])[-1], "\n".join(fields["data"]))
        fields = {}
