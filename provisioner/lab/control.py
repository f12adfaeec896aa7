"""The control channel of a lab in another process: HTTP on the loopback network, with a token."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from provisioner.errors import Mistake
from provisioner.lab.cluster import LabCluster
from provisioner.lab.devices.faults import KINDS as DEVICE_KINDS
from provisioner.lab.devices.lab import DeviceLab
from provisioner.texts import Message, say

FILE = "lab/control.json"
_PATIENCE = 60.0


class Control:
    """Serves faults, state and stop of a lab; ``stop`` is called from a request's thread."""

    def __init__(
        self,
        directory: Path,
        labs: Mapping[str, LabCluster],
        devices: DeviceLab,
        stop: Callable[[], None],
    ) -> None:
        self._file = directory / FILE
        self._labs = labs
        self._devices = devices
        self._stop = stop
        self._token = secrets.token_hex(16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def start(self) -> None:
        """Serve, and say where in the lab's control file."""
        self._thread.start()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch(mode=0o600)
        where = {
            "pid": os.getpid(),
            "url": f"http://127.0.0.1:{self._server.server_port}",
            "token": self._token,
        }
        self._file.write_text(json.dumps(where) + "\n")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._file.unlink(missing_ok=True)

    def may(self, header: str) -> bool:
        return hmac.compare_digest(header.encode(), f"Bearer {self._token}".encode())

    def answer(self, path: str, body: Mapping[str, Any]) -> Any:
        """What a call gives. Raises Mistake for one that does not hold."""
        if path == "/stop":
            threading.Thread(target=self._stop, daemon=True).start()
            return {}
        wanted = body.get("cluster") or next(iter(self._labs))
        if wanted not in self._labs:
            raise Mistake(
                say(
                    "There is no cluster %(name)s in this lab; these are: %(known)s",
                    name=wanted,
                    known=", ".join(self._labs),
                )
            )
        lab = self._labs[wanted]
        if path == "/state":
            state, shown = lab.state(), self._devices.state()
            return {**state, **shown, "faults": state["faults"] + shown["faults"]}
        if path == "/fault":
            of_devices = body["name"] in DEVICE_KINDS
            show = self._devices.fault if of_devices else lab.fault
            return show(body["name"], **body.get("options", {}))
        if path == "/configurations":
            return self._devices.configurations()
        if path == "/type":
            return {"answer": self._devices.type(body["host"], body["lines"])}
        if path == "/clear":
            name = body.get("name")
            return {"cleared": lab.clear(name) + self._devices.clear(name)}
        raise Mistake(say("The lab does not know the call %(path)s.", path=path))


def _handler(control: Control) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            if not control.may(self.headers.get("Authorization", "")):
                self._send(401, {"mistake": say("Wrong token.").to_json()})
                return
            try:
                self._send(200, control.answer(self.path, body))
            except Mistake as mistake:
                self._send(400, {"mistake": mistake.what.to_json()})

        def _send(self, status: int, data: Any) -> None:
            payload = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the body may name secrets."""

    return Handler


class RemoteLab:
    """A lab in another process, found by its directory."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / FILE

    @property
    def pid(self) -> int | None:
        """The process that the control file names, alive or not; None without a file."""
        return int(self._where()["pid"]) if self._file.exists() else None

    def _where(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            raise Mistake(
                say(
                    "No lab is up in %(dir)s; start it with `provisioner lab up --dir %(dir)s`.",
                    dir=str(self._file.parent.parent),
                )
            ) from None
        return found

    def call(self, path: str, **body: object) -> Any:
        """Raises Mistake when the lab is not up or refuses."""
        where = self._where()
        try:
            answer = httpx.post(
                where["url"] + path,
                json=body,
                headers={"Authorization": f"Bearer {where['token']}"},
                timeout=_PATIENCE,
                trust_env=False,
            )
        except httpx.TransportError:
            raise Mistake(
                say(
                    "The lab of %(dir)s does not answer (its process %(pid)s has ended?); start "
                    "it again with `provisioner lab up --dir %(dir)s`.",
                    dir=str(self._file.parent.parent),
                    pid=where["pid"],
                )
            ) from None
        data = answer.json()
        if answer.status_code != httpx.codes.OK:
            raise Mistake(Message(data["mistake"]["template"], data["mistake"]["values"]))
        return data

    def answers(self) -> bool:
        """Whether a lab is up there."""
        try:
            self.call("/state")
        except Mistake:
            return False
        return True

    def forget(self) -> None:
        """Remove the control file of a lab that is no more."""
        self._file.unlink(missing_ok=True)

    def fault(self, name: str, cluster: str = "", **options: object) -> dict[str, Any]:
        found: dict[str, Any] = self.call("/fault", name=name, cluster=cluster, options=options)
        return found

    def clear(self, name: str | None = None, cluster: str = "") -> int:
        return int(self.call("/clear", name=name, cluster=cluster)["cleared"])

    def type(self, host: str, lines: Sequence[str]) -> str:
        """Lines that somebody types on a device."""
        return str(self.call("/type", host=host, lines=list(lines))["answer"])

    def state(self, cluster: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.call("/state", cluster=cluster)
        return found

    def stop(self) -> None:
        self.call("/stop")
