"""An office with a campus of simulated devices: event WiFi asked for, approved, on and off."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from provisioner.database import now
from provisioner.instances.views import InstanceView
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CAMPUS, CampusPlan
from provisioner.lab.up import office_key, write_configuration
from provisioner.requests.views import NewRequest
from tests.integration.harness import _LETTER, Office

MINUTE = 10.0
"""Seconds in a minute of the devices: a transaction takes some ten seconds through Ansible."""
SWITCHES = ("sw-core-1", "sw-pendopo-1", "sw-alun-1")


@dataclass
class WifiOffice(Office):
    """``lab`` is the cluster, ``devices`` the campus; ``minute`` of both devices and product."""

    campus: CampusPlan = CAMPUS
    minute: float = MINUTE

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        cidr = f"127.{192 + secrets.randbelow(60)}.{secrets.randbelow(250)}.0/24"
        plan = replace(
            self.campus, cidr=cidr, minute=self.minute, authorized_keys=office_key(self.directory)
        )
        self.devices = DeviceLab(plan)
        self.devices.start()
        write_configuration(self.directory, [self.lab], devices=self.devices)
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.devices.stop()

    def ask(self, *, starts: float = -1, lasts: float = 3600, **details: Any) -> str:
        """A complete request for the hall, submitted; times in seconds from now."""
        starts_at = now() + timedelta(seconds=starts)
        return self.submit({
            "event": "Rapat koordinasi", "place": "aula-pendopo", "ssid": "Rapat-Pendopo",
            "security": "wpa2-personal", "starts_at": rfc(starts_at),
            "ends_at": rfc(starts_at + timedelta(seconds=lasts)), "expected_users": 40,
            "isolate_clients": True, **details,
        })  # fmt: skip

    def submit(self, details: Mapping[str, Any], what: str = "event_wifi") -> str:
        service = self.product.requests
        new = service.create(
            self.sari,
            NewRequest.model_validate({
                "service": what, "department": "dinkes",
                "applicant": {
                    "name": "Sari Wulandari", "position": "Kasubbag", "phone": "0281 891010",
                    "email": "sari@dinkes.example.id",
                },
                "letter": {
                    "kind": "srikandi", "number": "045/1/2026", "date": "2026-11-20",
                    "signatory": {"name": "dr. Jusi", "position": "Kepala Dinas"},
                },
                "details": dict(details),
            }),
        )  # fmt: skip
        service.attach_letter(self.sari, new.number, "surat.pdf", _LETTER)
        service.submit(self.sari, new.number)
        return new.number

    def instance(self, number: str) -> InstanceView:
        found = self.request(number).instance
        assert found is not None, self.told(number)
        return self.product.instances.get(self.sari, found)

    def act(self, number: str, action: str, **said: Any) -> str:
        """Ask for an action on what the request made; returns the new request's number."""
        instance = self.instance(number)
        return self.product.instances.act(self.sari, instance.id, action, said).number

    def announced(self, place: str = "pendopo") -> dict[str, frozenset[str]]:
        """What each access point there has on the air."""
        names = [name for name in self.devices.hosts() if name.startswith(f"ap-{place}")]
        return {n: frozenset(self.devices.device(n).announced) for n in names}  # type: ignore[attr-defined]


def rfc(moment: datetime) -> str:
    return moment.isoformat()
