"""The bodies of complete requests of every service, each with a name of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncssh

_names = iter(f"uji-{n}" for n in range(1, 10_000))
_KEY = asyncssh.generate_private_key("ssh-ed25519", comment="sari@dinkes")
FINGERPRINT = _KEY.get_fingerprint()
PUBLIC_KEY = _KEY.export_public_key().decode().strip()


def new_request(service: str = "cloud_vps", **details: Any) -> dict[str, Any]:
    """The body of a complete request with a name of its own."""
    return {
        "service": service,
        "department": "dinkes",
        "applicant": {
            "name": "Sari Wulandari",
            "position": "Kepala Subbagian Umum",
            "phone": "0812 3456 789",
            "email": "sari@dinkes.example",
        },
        **({} if service == "troubleshooting" else {"letter": _LETTER}),
        "details": {**_DETAILS[service](), **details},
    }


_LETTER = {
    "kind": "signed",
    "number": "005/1/2026",
    "date": "2026-01-05",
    "signatory": {"name": "dr. Budi Santosa", "position": "Kepala Dinas Kesehatan"},
}


def _cloud_vps() -> dict[str, Any]:
    return {
        "hostname": next(_names),
        "purpose": "Layanan informasi kesehatan untuk masyarakat",
        "size": "small",
        "image": "debian-13",
        "network": "server-opd",
        "ssh_keys": [PUBLIC_KEY],
        "admin_user": "admin-web",
    }


def _event_wifi() -> dict[str, Any]:
    """In three days, for a day."""
    return {
        "event": "Bazar UMKM Purbalingga 2026",
        "place": "aula-pendopo",
        "ssid": f"Bazar {next(_names)}",
        "security": "wpa2-personal",
        "starts_at": in_hours(72),
        "ends_at": in_hours(96),
        "expected_users": 100,
        "isolate_clients": True,
    }


def _colocation() -> dict[str, Any]:
    return {
        "server_name": next(_names).replace("uji", "srv"),
        "purpose": "Arsip digital perangkat daerah",
        "model": "Dell PowerEdge R450",
        "units": 2,
        "watts": 400,
        "power_feeds": 2,
        "network": "kolokasi",
        "contact_on_site": "Bagus, 0812 3456 789",
        "open_ports": [{"port": RACK_PORT, "protocol": "tcp"}],
    }


def _internet() -> dict[str, Any]:
    return {
        "site": "smp-1",
        "location": f"Ruang {next(_names)}",
        "purpose": "Kelas daring",
        "expected_users": 30,
        "rate_limit_mbps": 50,
        "fieldwork": "none",
    }


def _troubleshooting() -> dict[str, Any]:
    return {
        "target": "site:smp-1",
        "symptom": "no_internet",
        "description": "Internet di ruang guru mati sejak pagi",
    }


FAR = "skpd"
"""A site whose switch cannot take a change back by itself: two people have to approve."""
RACK_PORT = 18443
_DETAILS: dict[str, Callable[[], dict[str, Any]]] = {
    "cloud_vps": _cloud_vps,
    "event_wifi": _event_wifi,
    "colocation": _colocation,
    "internet": _internet,
    "troubleshooting": _troubleshooting,
}


def in_hours(hours: float) -> str:
    """That many hours from now, as RFC 3339."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")
