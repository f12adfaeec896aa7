"""What a VM and a run look like after a mishap, for the tables and assertions of mishaps."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Any

from provisioner.runs.views import RunView


def effect_missing(kind: str, view: Any, vm: Mapping[str, Any]) -> list[str]:
    config = vm["config"]
    holds = {
        "resize": lambda: (int(config["cores"]), view.size) == (2, "medium"),
        "snapshot": lambda: "before" in vm["snapshots"] and "before" in view.snapshots,
        "delete_snapshot": lambda: "base" not in vm["snapshots"] and not view.snapshots,
        "tidy": lambda: "base" not in vm["snapshots"] and not view.snapshots,
        "end": lambda: view.state == "suspended" and view.remove_at is not None,
        "expiry": lambda: view.state == "suspended" and view.remove_at is not None,
        "suspend": lambda: (view.state, int(config.get("onboot", 0))) == ("suspended", 0),
        "resume": lambda: (view.state, int(config.get("onboot", 0))) == ("active", 1),
    }
    return [] if holds.get(kind, lambda: True)() else ["what was asked for is not there"]


def shown(vm: Mapping[str, Any]) -> dict[str, Any]:
    config = vm["config"]
    keys = ("cores", "memory", "onboot", "protection")
    return {
        "vmid": vm["vmid"],
        "node": vm["node"],
        "status": vm["status"],
        "snapshots": sorted(vm["snapshots"]),
        "uuid": config["smbios1"],
        **{key: str(config.get(key, 0)) for key in keys},
    }


def text_of(view: RunView) -> str:
    """What a person reads at the run and at its step."""
    errors = [step.error for step in view.steps if step.error]
    said = [f"{error.what} {error.meaning}" for error in errors]
    return " ".join([*said, view.waiting_for.what if view.waiting_for else ""])


def errors(view: RunView) -> list[str]:
    return [f"{step.key}: {step.error.what}" for step in view.steps if step.error]


def is_open(address: str, port: int) -> bool:
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((address, port), 1):
                return True
        except OSError:
            time.sleep(0.05)
    return False
