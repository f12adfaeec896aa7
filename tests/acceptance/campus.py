"""An office with event WiFi, and an operator who reads its devices over SSH."""

from __future__ import annotations

import asyncio
import difflib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncssh
import httpx

from tests.acceptance.office import Json, Office, until
from tests.acceptance.papers import APPLICANT, letter

ROUTEROS = ("rt-core-1", "sw-skpd-1")
"""Devices of the lab's campus that speak RouterOS."""
MINUTE = 15.0
"""Seconds in a minute of the devices' timers."""
LETTER = {
    "kind": "srikandi",
    "number": "045/77/2026",
    "date": "2026-11-20",
    "signatory": {"name": "dr. Jusi Febrianto", "position": "Kepala Dinas Kesehatan"},
}
ACCESS_POINT = "cat /etc/config/*; ls /etc /etc/rc.d /root /tmp"


def at(seconds: float) -> str:
    """A time so many seconds from now, as programs write it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def event(starts: float = -1, lasts: float = 3600, **changes: Any) -> Json:
    """Answers that hold; times in seconds from now."""
    sound: Json = {
        "event": "Rapat koordinasi", "place": "aula-pendopo", "ssid": "Rapat",
        "security": "wpa2-personal", "starts_at": at(starts), "ends_at": at(starts + lasts),
        "expected_users": 40, "isolate_clients": True,
    }  # fmt: skip
    return {name: value for name, value in (sound | changes).items() if value is not None}


def new_wifi(**changes: Any) -> Json:
    return {
        "service": "event_wifi",
        "department": "dinkes",
        "applicant": APPLICANT,
        "letter": LETTER,
        "details": event(**changes),
    }


@dataclass
class Campus(Office):
    """``devices``: name to address and port."""

    minute: float = MINUTE
    devices: dict[str, tuple[str, int]] = field(default_factory=dict)
    host_keys: dict[str, str] = field(default_factory=dict)

    def lab_up(self, cidr: str, speed: int = 60) -> None:
        words = ["--dir", str(self.directory), "--name", self.cluster, "--cidr", cidr]
        words += ["--speed", str(speed), "--web-port", str(self.port)]
        found = self.did("lab", "up", *words, "--minute", str(self.minute))
        for name, where in found["devices"].items():
            address, _, port = where.partition(":")
            self.devices[name] = (address, int(port))

    # ------------------------------------------------------------ HTTP

    def draft(self, who: str = "sari", **details: Any) -> str:
        answer = self[who].post("/requests", json=new_wifi(**details))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    def planned(self, **details: Any) -> tuple[str, str]:
        number = self.submitted(**details)
        return number, self.plan(number)["digest"]

    def plan(self, number: str) -> Json:
        answer = self["rina"].post(f"/requests/{number}/plan")
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    def on(self, **details: Any) -> tuple[str, Json]:
        """A request whose WiFi is on and proven, and its report."""
        number, _ = self.approved(**details)
        return number, self.proven(number)

    def act(self, instance: str, action: str, who: str = "sari", **said: Any) -> str:
        """An action approved; the new request's number."""
        answer = self[who].post(f"/instances/{instance}/actions/{action}", json=said)
        assert answer.status_code in {200, 201, 202}, answer.text
        return self.approve_action(answer.json()["number"])

    def approve_action(self, number: str) -> str:
        if self.get(f"/requests/{number}")["state"] == "draft":
            file = ("surat.pdf", letter(), "application/pdf")
            self["sari"].post(f"/requests/{number}/letter", files={"file": file})
            answer = self["sari"].post(f"/requests/{number}/submit")
            assert answer.status_code == 200, answer.text
        digest = self.plan(number)["digest"]
        answer = self["dewi"].post(f"/requests/{number}/approve", json={"digest": digest})
        assert answer.status_code == 202, answer.text
        return number

    def off(self, instance: str) -> None:
        """End a WiFi early and wait until that is proven."""
        self.proven(self.act(instance, "end", reason="Acara selesai"))

    def instance_is(self, instance: str, *states: str) -> Json:
        def look() -> Json | None:
            found: Json = self.get(f"/instances/{instance}")
            return found if found["state"] in states else None

        found: Json = until(look, f"{instance} is {states}")
        return found

    def key_of(self, number: str) -> tuple[str, str]:
        """The passphrase that the hand-over link shows, by HTTP, and the page."""
        link = self.get(f"/requests/{number}/report", "sari")["handover"]["url"]
        with httpx.Client(trust_env=False, timeout=30) as browser:
            page = browser.post(link)
            assert page.status_code == 200, page.text
            assert browser.post(link).status_code == 410, "it opens once"
        return shown(page.text), page.text

    # ------------------------------------------------------------ devices

    def announced(self) -> Mapping[str, list[str]]:
        """What each access point has on the air."""
        found = self.tell_lab("/state")["devices"]
        return {n: d["announced"] for n, d in found.items() if n.startswith("ap-")}

    def configurations(self) -> dict[str, str]:
        """Each device's configuration, as an operator reads it."""
        return asyncio.run(self._all())

    def differs(self, before: Mapping[str, str]) -> str:
        """What the devices have otherwise than then, line by line; empty when all is as it was."""
        now = self.configurations()
        return "\n".join(
            line
            for name in before
            for line in difflib.unified_diff(
                before[name].splitlines(), now[name].splitlines(), name, name, n=1, lineterm=""
            )
        )

    async def _all(self) -> dict[str, str]:
        found = await asyncio.gather(*(self._one(name) for name in self.devices))
        return dict(zip(self.devices, found, strict=True))

    async def _one(self, name: str) -> str:
        address, port = self.devices[name]
        user = "root" if name.startswith("ap-") else "provisioner"
        async with asyncssh.connect(
            address, port, username=user, config=None, agent_path=None,
            client_keys=[str(self.directory / "var" / "id_ed25519")],
            known_hosts=str(self.directory / "var" / "known_hosts"),
        ) as link:  # fmt: skip
            if name.startswith("ap-"):
                return str((await link.run(ACCESS_POINT)).stdout)
            return await (routeros if name in ROUTEROS else ios)(link)


async def ios(link: asyncssh.SSHClientConnection) -> str:
    """The running configuration, without the comments that time changes and count bytes."""
    async with link.create_process(term_type="vt100") as terminal:
        terminal.stdin.write("terminal length 0\nshow running-config\nshow vlan brief\nexit\n")
        said = str(await terminal.stdout.read())
    comments = ("!", "ntp clock", "Current configuration")
    return "\n".join(line for line in said.splitlines() if line and not line.startswith(comments))


async def routeros(link: asyncssh.SSHClientConnection) -> str:
    """The whole export, without the comment that tells the time."""
    async with link.create_process(term_type="dumb", term_size=(511, 1000)) as terminal:
        terminal.stdin.write("/export terse\r\n/quit\r\n")
        said = str(await terminal.stdout.read())
    rows = said.replace("\r", "\n").splitlines()
    return "\n".join(row for row in rows if row.startswith("/") and " " in row)


def shown(page: str) -> str:
    """The passphrase on a poster."""
    found = re.search(r"<dt>(?:Kata sandi WiFi|[^<]*[Pp]assphrase)</dt><dd[^>]*>(.*?)</dd>", page)
    assert found, page
    return html.unescape(found[1])
