"""Calls to a cluster over its nodes' addresses: what was certainly not sent may go to the next."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from proxmoxer.core import ProxmoxResource, ResourceException

from provisioner.drivers.hypervisor.failures import CertificateChanged, TokenRefused
from provisioner.drivers.proxmox.failures import from_text
from provisioner.drivers.proxmox.trust import CONNECT_SECONDS, Trust, Unsent, WrongCertificate
from provisioner.errors import ActionNeeded, Misconfigured, OutcomeUnknown, Retriable, StepFailure
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say

READ_SECONDS = 35.0
"""An answer is waited for at least so long: nodes give up on each other after 30 (pitfall 6)."""

_AWAY_SECONDS = 30.0
_REJECTED_SECONDS = 5.0
_GATEWAY = frozenset({502, 503, 504, 595, 596, 597, 598, 599})
_ELSEWHERE = frozenset({502, 503, 504, 595})
_WAIT = say("Nothing to do: it is tried again by itself.")


class _Unreadable(ValueError):
    """A success that is not the API's JSON, as from a portal or proxy between."""


@dataclass(frozen=True)
class _Trouble:
    """A call without the cluster's answer."""

    url: str
    why: str
    sent: bool
    certificate: str | None = None
    """The fingerprint seen, or "" where the CA did not vouch; None: it was no matter of trust."""


class Rejection(Exception):
    """The cluster's answer was an error: HTTP status and its whole text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status, self.text = status, text


class Connection:
    """The API of one cluster; safe to share between threads.

    ``get`` and ``send`` raise the failures of ``errors``; with ``raw=True`` an error that the
    cluster itself answered is raised as Rejection, to be read by the caller.
    """

    def __init__(
        self,
        name: str,
        settings: ClusterSettings,
        token_secret: Callable[[], str],
        base: Path,
        read_seconds: float | None = None,
    ) -> None:
        self.name, self.token_id = name, settings.token_id
        self._urls = tuple(url.rstrip("/") for url in settings.urls)
        self._secret = token_secret
        self._trust = Trust(name, settings.verify, base)
        self._session = self._trust.session()
        self._seconds = (
            CONNECT_SECONDS,
            read_seconds or max(READ_SECONDS, settings.timeouts.request),
        )
        self._lock = threading.Lock()
        self._away: dict[str, float] = {}
        self._rejected: tuple[bytes, float] | None = None

    def close(self) -> None:
        """Give the kept connections back; a later call opens new ones."""
        self._session.close()

    def get(self, *path: object, raw: bool = False, **params: Any) -> Any:
        """Read; goes to the next address whenever one does not answer."""
        return self._call("GET", path, params, reading=True, raw=raw)

    def rows(self, *path: object, **params: Any) -> list[dict[str, Any]]:
        """Read a list of records."""
        data = self.get(*path, **params)
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise self._unreadable(say("no list"))
        return data

    def record(self, *path: object, raw: bool = False, **params: Any) -> dict[str, Any]:
        """Read one record."""
        data = self.get(*path, raw=raw, **params)
        if not isinstance(data, dict):
            raise self._unreadable(say("no record"))
        return data

    def send(self, method: str, *path: object, raw: bool = False, **data: Any) -> Any:
        """Change something, once: an answer that is lost is OutcomeUnknown, never repeated here."""
        return self._call(method, path, data, reading=False, raw=raw)

    def failure(self, rejection: Rejection, *, reading: bool) -> StepFailure:
        """What a rejection means."""
        return from_text(
            rejection.text,
            cluster=self.name,
            status=rejection.status,
            token_id=self.token_id,
            reading=reading,
        )

    def masked(self, text: str) -> str:
        """The text without our token and without what follows a word for a secret."""
        text = re.sub(r"(?i)((?:ci)?password|passphrase|secret)([ =:]+)(\S+)", r"\1\2***", text)
        text = re.sub(r"(PVEAPIToken=[^=\s]+=)\S+", r"\1***", text)
        return text.replace(self._token_secret(), "***")

    def _call(
        self,
        method: str,
        path: tuple[object, ...],
        values: dict[str, Any],
        reading: bool,
        raw: bool,
    ) -> Any:
        caller = _Caller(self._session, self._trust.verify, self._seconds, self._authorization())
        troubles: list[_Trouble] = []
        for url in self._order():
            outcome = _attempt(caller, url, method, path, values)
            if isinstance(outcome, _Trouble):
                if outcome.sent and not reading:
                    raise self._unknown(method, path, outcome.why)
                self._mark_away(url)
                troubles.append(outcome)
            elif isinstance(outcome, Rejection):
                if reading and outcome.status in _ELSEWHERE:
                    troubles.append(_Trouble(url, str(outcome), sent=True))
                    continue
                raise self._refusal(method, path, outcome, reading, raw)
            else:
                return outcome[0]
        raise self._no_answer(troubles)

    def _refusal(
        self, method: str, path: tuple[object, ...], answer: Rejection, reading: bool, raw: bool
    ) -> Exception:
        if answer.status == 401:
            with self._lock:
                self._rejected = (self._digest(), time.monotonic() + _REJECTED_SECONDS)
            return self._unauthenticated()
        if answer.status in _GATEWAY:
            if not reading:
                return self._unknown(method, path, str(answer))
            return self._no_answer([_Trouble("", str(answer), sent=True)])
        return answer if raw else self.failure(answer, reading=reading)

    def _order(self) -> Iterator[str]:
        """The addresses, those last that did not answer a moment ago."""
        now = time.monotonic()
        with self._lock:
            away = {url for url, until in self._away.items() if until > now}
        yield from (url for url in self._urls if url not in away)
        yield from (url for url in self._urls if url in away)

    def _mark_away(self, url: str) -> None:
        with self._lock:
            self._away[url] = time.monotonic() + _AWAY_SECONDS

    def _token_secret(self) -> str:
        try:
            secret = self._secret()
        except Misconfigured as error:
            what = error.what
        else:
            if re.fullmatch(r"[!-~]+", secret):
                return secret
            what = say("The token's secret of cluster %(cluster)s is malformed", cluster=self.name)
        raise ActionNeeded(
            what,
            meaning=say("Without its token the product cannot speak with the cluster."),
            next=say("Put the token's secret where `token_secret` points, then retry."),
            who="administrator",
        )

    def _digest(self) -> bytes:
        return hashlib.sha256(self._token_secret().encode()).digest()

    def _authorization(self) -> str:
        """The header's value; refused for a while after the cluster refused the same secret.

        Each wrong secret costs the cluster three seconds (pitfall 29).
        """
        secret = self._token_secret()
        with self._lock:
            rejected = self._rejected
        if rejected and time.monotonic() < rejected[1] and self._digest() == rejected[0]:
            raise self._unauthenticated()
        return f"PVEAPIToken={self.token_id}={secret}"

    def _unauthenticated(self) -> ActionNeeded:
        return TokenRefused(
            say(
                "Cluster %(cluster)s does not accept the token %(token)s.",
                cluster=self.name,
                token=self.token_id,
            ),
            meaning=say("The token was removed, has expired, or its secret is another one."),
            next=say(
                "Check the token on the cluster (`pveum user token list %(user)s`) and its "
                "secret where `token_secret` points, then retry.",
                user=self.token_id.partition("!")[0],
            ),
            who="administrator",
        )

    def _unknown(self, method: str, path: tuple[object, ...], why: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            say(
                "No answer from cluster %(cluster)s to %(call)s (%(why)s).",
                cluster=self.name,
                call=f"{method} /{'/'.join(str(part) for part in path)}",
                why=why,
            ),
            meaning=say("The cluster may or may not have carried it out."),
            next=say("Look at the VM and at the cluster's task list before anything is repeated."),
        )

    def _no_answer(self, troubles: list[_Trouble]) -> StepFailure:
        for trouble in troubles:
            if trouble.certificate is not None:
                return self._untrusted(trouble)
        return Retriable(
            say(
                "Cluster %(cluster)s does not answer (%(why)s).",
                cluster=self.name,
                why="; ".join(f"{t.url} {t.why}".strip() for t in troubles),
            ),
            meaning=say("None of the cluster's addresses answered; nothing was changed."),
            next=say("It is tried again by itself; the administrator checks the network."),
            after=5,
        )

    def _untrusted(self, trouble: _Trouble) -> ActionNeeded:
        return CertificateChanged(
            say(
                "The certificate of %(url)s is not the one we trust (%(seen)s).",
                url=trouble.url,
                seen=trouble.certificate or trouble.why,
            ),
            meaning=say(
                "The node's certificate was renewed, or another machine answers in its place. "
                "Nothing was sent to it, not even the token."
            ),
            next=say(
                "Compare the fingerprint with `pvenode cert info` on the node's own console; "
                "if they agree, run `provisioner trust %(cluster)s`, then retry.",
                cluster=self.name,
            ),
            who="administrator",
        )

    def _unreadable(self, why: Message) -> Retriable:
        return Retriable(
            say("Cluster %(cluster)s answered oddly: %(why)s", cluster=self.name, why=why),
            meaning=say("Something between us and the cluster may answer in its place."),
            next=_WAIT,
            after=5,
        )


class _Caller:
    """The session that proxmoxer calls with, adding what must hold for each single request."""

    def __init__(
        self,
        session: requests.Session,
        verify: str | bool,
        seconds: tuple[float, float],
        authorization: str,
    ) -> None:
        self._session, self._verify, self._seconds = session, verify, seconds
        self._headers = {"Authorization": authorization}

    def request(self, method: str, url: str, data: Any = None, params: Any = None) -> Any:
        response = self._session.request(
            method,
            url,
            data=data,
            params=params,
            headers=self._headers,
            timeout=self._seconds,
            verify=self._verify,
            allow_redirects=False,
        )
        if 300 <= response.status_code < 400:
            raise _Unreadable(f"it redirects ({response.status_code})")
        return response


class _Answers:
    """Reads the API's JSON strictly."""

    def loads(self, response: requests.Response) -> Any:
        try:
            body = json.loads(response.content)
        except ValueError as error:
            raise _Unreadable("it is not JSON") from error
        if not isinstance(body, dict) or "data" not in body:
            raise _Unreadable("it is not the API's answer")
        return body["data"]

    def loads_errors(self, response: requests.Response) -> dict[str, str]:
        try:
            body = json.loads(response.content)
        except ValueError:
            return {}
        if not isinstance(body, dict):
            return {}
        errors = body.get("errors")
        rows = errors.items() if isinstance(errors, dict) else ()
        fields = [f"{key}: {str(value).strip()}" for key, value in rows]
        return {"message": str(body.get("message") or "").strip(), "fields": "; ".join(fields)}


def _attempt(
    caller: _Caller, url: str, method: str, path: tuple[object, ...], values: dict[str, Any]
) -> tuple[Any] | _Trouble | Rejection:
    segments = [quote(str(part), safe="") for part in path]
    api = ProxmoxResource(base_url=f"{url}/api2/json", session=caller, serializer=_Answers())
    verb = {"GET": api.get, "POST": api.post, "PUT": api.put, "DELETE": api.delete}[method]
    try:
        return (verb(*segments, **values),)
    except ResourceException as error:
        said = error.errors or {}
        parts = [said.get("message") or str(error.content or error.status_message or "").strip()]
        parts += [said["fields"]] if said.get("fields") else []
        return Rejection(error.status_code, " ".join(parts))
    except _Unreadable as error:
        return _Trouble(url, str(error), sent=True)
    except OSError as error:  # all of requests' own, and a CA file that vanished
        return _trouble(url, error)


def _trouble(url: str, error: OSError) -> _Trouble:
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, WrongCertificate):
            return _Trouble(url, "", sent=False, certificate=cause.seen)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _Trouble(url, cause.verify_message, sent=False, certificate="")
    unsent = not isinstance(error, requests.RequestException) or any(
        isinstance(cause, Unsent) for cause in chain
    )
    if unsent:
        return _Trouble(url, "no connection", sent=False)
    timed_out = isinstance(error, requests.Timeout)
    return _Trouble(url, "timed out" if timed_out else "connection lost", sent=True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made of, whichever library wrapped it."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]
