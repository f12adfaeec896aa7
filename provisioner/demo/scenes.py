"""The scenes of the demo: one server and one event's WiFi from request to proof."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from provisioner.commands.output import tell
from provisioner.database import now
from provisioner.demo.stage import Stage
from provisioner.drivers.seat import Door
from provisioner.drivers.ssh import SshSeat
from provisioner.lab.control import RemoteLab
from provisioner.lab.letter import sample_letter
from provisioner.texts import Message, say

_FINAL = {"done", "attention", "planned", "rejected", "cancelled"}
_TOLD = ("step:", "run:", "device:", "request:done", "request:att")
_LETTER = "045/112/2026"
SSID = "Rapat-Pendopo"


def server(stage: Stage) -> bool:
    """A cloud VPS is asked for, made and proven; returns whether all is."""
    number = _ask_server(stage, "simpus-dinkes", "Aplikasi informasi puskesmas")
    tell(say("sari (Dinas Kesehatan) asked for a Cloud VPS: %(number)s", number=number))
    report = _play(stage, number)
    if not _proven(report):
        return False
    instance = report["instance"]
    door = Door(
        instance["addresses"][0], instance["ssh_port"], instance["user"], instance["host_key"]
    )
    said = SshSeat(lambda: stage.private_key).login(door, "hostname")
    tell(
        say(
            "The applicant logs in with her own key: ssh -p %(port)s %(user)s@%(address)s says "
            "“%(said)s”.",
            port=door.port, user=door.user, address=door.address, said=said.output.strip(),
        )
    )  # fmt: skip
    return said.status == 0 and said.output.strip() == str(instance["name"])


def event_wifi(stage: Stage) -> bool:
    """The WiFi of an event is asked for, switched on and proven; returns whether it is on."""
    number = _ask_wifi(stage, "Rapat koordinasi puskesmas", SSID, timedelta(), "aula-pendopo")
    tell()
    tell(say("sari (Dinas Kesehatan) asked for WiFi at an event: %(number)s", number=number))
    report = _play(stage, number)
    if not _proven(report):
        return False
    heard = RemoteLab(stage.directory).state()["devices"]
    points = report["instance"]["access_points"]
    on_air = [point for point in points if SSID in heard[point]["announced"]]
    tell(say("On the air at: %(points)s", points=", ".join(on_air) or "-"))
    return len(on_air) == len(points) > 0


def leave_some_waiting(stage: Stage) -> None:
    """Work for whoever looks around: something to approve, to plan, and to see scheduled."""
    first = _ask_server(stage, "epuskesmas", "Pendaftaran pasien daring")
    stage.call("budi", "POST", f"/requests/{first}/plan")
    second = _ask_server(stage, "arsip-dinkes", "Arsip surat dinas")
    third = _ask_wifi(stage, "Bazar kesehatan", "Bazar-Dinkes", timedelta(hours=26), "alun-alun")
    stage.call("budi", "POST", f"/requests/{third}/plan")
    tell(
        say(
            "Three requests wait for someone: %(first)s and %(third)s (tomorrow's event) to be "
            "approved, %(second)s to be planned.",
            first=first,
            second=second,
            third=third,
        )
    )


def _ask_server(stage: Stage, hostname: str, purpose: str) -> str:
    return ask(stage, "cloud_vps", purpose, {
        "hostname": hostname, "purpose": purpose, "size": "small", "image": "debian-13",
        "network": "server-opd", "ssh_keys": [stage.public_key], "admin_user": "dinkes",
        "open_ports": [{"port": 443, "protocol": "tcp"}],
    })  # fmt: skip


def _ask_wifi(stage: Stage, event: str, ssid: str, until_start: timedelta, place: str) -> str:
    starts_at = now() + until_start
    return ask(stage, "event_wifi", event, {
        "event": event, "place": place, "ssid": ssid, "security": "wpa2-personal",
        "starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=3)).isoformat(),
        "expected_users": 60, "isolate_clients": True,
    })  # fmt: skip


def ask(stage: Stage, service: str, purpose: str, details: Mapping[str, Any]) -> str:
    """File and submit a request with its letter, as the department; returns its number."""
    request = stage.call("sari", "POST", "/requests", json={
        "service": service,
        "department": "dinkes",
        "applicant": {
            "name": "Sari Wulandari", "position": "Kepala Subbagian Umum",
            "phone": "0281 891010", "email": "sari@dinkes.example.id",
        },
        "letter": {
            "kind": "signed", "number": _LETTER, "date": now().date().isoformat(),
            "signatory": {"name": "dr. Jusi Febrianto", "position": "Kepala Dinas Kesehatan"},
        },
        "details": dict(details),
    })  # fmt: skip
    number = str(request["number"])
    letter = sample_letter("Dinas Kesehatan", _LETTER, purpose)
    stage.call("sari", "POST", f"/requests/{number}/letter",
               files={"file": ("surat-permohonan.pdf", letter, "application/pdf")})  # fmt: skip
    stage.call("sari", "POST", f"/requests/{number}/submit")
    return number


def _play(stage: Stage, number: str) -> dict[str, Any]:
    """Plan and approve it, and tell what happens until its end; returns the report."""
    stage.call("budi", "POST", f"/requests/{number}/plan")
    plan = stage.call("budi", "GET", f"/requests/{number}/plan")
    tell(say("budi (technician) made the plan: %(summary)s", summary=plan["summary"]))
    stage.call("budi", "POST", f"/requests/{number}/approve", json={"digest": plan["digest"]})
    tell(say("budi approved; from here on the software works:"))
    seen, began = 0, time.monotonic()
    while True:
        final = stage.call("sari", "GET", f"/requests/{number}")["state"] in _FINAL
        for event in stage.call("sari", "GET", f"/requests/{number}/events?after={seen}"):
            seen = event["id"]
            if event["tag"].startswith(_TOLD):
                tell(f"  {time.monotonic() - began:6.1f} s  {event['text']}")
        if final:
            report: dict[str, Any] = stage.call("sari", "GET", f"/requests/{number}/report")
            return report
        time.sleep(0.2)


def _proven(report: Mapping[str, Any]) -> bool:
    """Tell what was proven, check by check; whether everything has passed."""
    proof = report["proof"]
    tell(say("Proven:"))
    for check in proof:
        sign = "+" if check["passed"] else "-"
        tell(f"  {sign} {check['check']}  {check['target']}: {check['evidence']}")
    if report["state"] == "done" and proof and all(check["passed"] for check in proof):
        return True
    tell(_NOT_PROVEN)
    return False


_NOT_PROVEN: Message = say("NOT proven.")
