"""What a VM should be like: its creation and every action since, folded into one value; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from provisioner.drivers.hypervisor import FirewallRule
from provisioner.facts.cloud_vps import VmRecord

Wanted = Mapping[str, Any]
"""JSON: ``options`` {option: text, or None where it must be absent}, ``keys`` and ``later_keys``
[SSH keys], ``disks`` {disk: GiB}, ``power``, ``firewall`` (params of vm.firewall), ``pool``,
``backup_job``."""


@dataclass(frozen=True)
class Rule:
    """One rule of the firewall."""

    protocol: str
    port: int | None
    source: str | None
    comment: str = field(default="", compare=False)

    @classmethod
    def of_reading(cls, rule: FirewallRule) -> Rule:
        """As the cluster shows it."""
        return cls(rule.protocol.lower(), rule.port, rule.source or None, rule.comment)

    @property
    def door(self) -> tuple[str, int | None, str | None]:
        """What it lets in, whatever its comment says."""
        return (self.protocol, self.port, self.source)

    def __str__(self) -> str:
        door = f"{self.protocol}/{self.port}" if self.port is not None else self.protocol
        return f"{door} {self.source}" if self.source else door


@dataclass(frozen=True)
class WantedFirewall:
    """The firewall as our plan set it; ``params`` are those of the step that does so again."""

    enabled: bool
    rules: tuple[Rule, ...]
    addresses: tuple[str, ...]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """What the cluster should show for one VM."""

    options: Mapping[str, str | None] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    """SSH keys of its user as cloud-init has them, type and base64; empty: not compared."""
    later_keys: frozenset[str] = frozenset()
    """Added since through the guest's agent: cloud-init may have them or not."""
    disks: Mapping[str, float] = field(default_factory=dict)
    """Empty: not known, not compared."""
    power: Literal["running", "stopped"] = "running"
    firewall: WantedFirewall | None = None
    pool: str | None = None
    backup_job: str | None = None
    snapshots: Mapping[str, datetime] = field(default_factory=dict)
    """Until when a snapshot of ours is kept."""


def expect(record: VmRecord, wanted: Wanted | None = None) -> Expected:
    """What is expected of the VM of that record.

    ``wanted`` (see ``wanted_after``) goes before the record's own; without either, the plan that
    made the VM counts alone.
    """
    found: Wanted = wanted or record.wanted or wanted_after({}, record.plan)
    kept: Any = record.facts.get("snapshots", {})
    suspended = record.state == "suspended"
    stopped = suspended or found.get("power") == "stopped"
    options = dict(found.get("options", {}))
    if suspended and options:
        options["onboot"] = "0"  # whoever suspended it: a person, or the end of its time
    return Expected(
        options=options,
        keys=frozenset(map(bare_key, found.get("keys", ()))),
        later_keys=frozenset(map(bare_key, found.get("later_keys", ()))),
        disks={disk: float(size) for disk, size in found.get("disks", {}).items()},
        power="stopped" if stopped else "running",
        firewall=_firewall(found.get("firewall")),
        pool=found.get("pool"),
        backup_job=found.get("backup_job"),
        snapshots={k: datetime.fromisoformat(until) for k, until in kept.items() if until},
    )


def wanted_after(before: Wanted, plan: Mapping[str, Any]) -> dict[str, Any]:
    """What is wanted once a plan (``Plan.to_json``) has been carried out on the VM.

    Fold every plan whose run succeeded over it, the creating one first, and keep the result on the
    instance. A plan that makes the VM (anew) starts from nothing.
    """
    steps = plan.get("steps", ())
    kinds = {step["kind"] for step in steps}
    wanted: dict[str, Any] = {} if "vm.clone" in kinds else _copy(before)
    if "vm.clone" in kinds:
        wanted.update(_of_creation(plan))
    for step in steps:
        fold = _FOLDS.get(step["kind"])
        if fold is not None:
            fold(wanted, step["params"])
    return wanted


def adopted(before: Wanted, adopt: Mapping[str, Any]) -> dict[str, Any]:
    """What is wanted once a finding's ``adopt`` counts: mappings merged, the rest replaced."""
    wanted = _copy(before)
    for key, value in adopt.items():
        wanted[key] = {**wanted.get(key, {}), **value} if isinstance(value, Mapping) else value
    return wanted


def bare_key(line: str) -> str:
    """An SSH public key without its comment."""
    return " ".join(line.split()[:2])


def _of_creation(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The disk as the template has it, which the plan may grow, and the pool it is cloned into."""
    choices, objects = plan.get("choices", {}), plan.get("objects", {})
    template = objects.get(f"template {choices.get('template')}") or {}
    disks = {template["disk"]: template["disk_gb"]} if "disk" in template else {}
    return {"disks": disks, "pool": choices.get("pool"), "power": "running"}


def _options(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    options = {**wanted.get("options", {}), **params.get("options", {})}
    wanted["options"] = {**options, **dict.fromkeys(params.get("delete", ()))}
    if "ssh_keys" in params:
        wanted["keys"] = list(params["ssh_keys"])


def _protect(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    _options(wanted, {"options": {"protection": "1" if params["on"] else "0"}})


def _grow(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    wanted["disks"] = {**wanted.get("disks", {}), params["disk"]: params["size_gb"]}


def _power(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    wanted["power"] = params["wanted"]


def _back(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    """A roll-back or restore leaves the VM on or off."""
    wanted["power"] = "running" if params.get("start") else "stopped"


def _add_key(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    wanted["later_keys"] = [*wanted.get("later_keys", ()), *params["keys"]]


def _set_firewall(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    names = ("rules", "addresses", "enabled")
    wanted["firewall"] = {name: params[name] for name in names if name in params}


def _pool(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    wanted["pool"] = params["pool"]


def _backup_job(wanted: dict[str, Any], params: Mapping[str, Any]) -> None:
    wanted["backup_job"] = params["job"]


def _start(wanted: dict[str, Any], _params: Mapping[str, Any]) -> None:
    wanted["power"] = "running"


_FOLDS: Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], None]] = {
    "vm.configure": _options,
    "vm.reconfigure": _options,
    "vm.protect": _protect,
    "vm.grow_disk": _grow,
    "vm.add_disk": _grow,
    "vm.power": _power,
    "vm.start": _start,
    "vm.restart": _start,
    "vm.rollback": _back,
    "vm.restore": _back,
    "vm.add_key": _add_key,
    "vm.firewall": _set_firewall,
    "vm.pool": _pool,
    "vm.backup_job": _backup_job,
}
"""What each kind of step changes about what is wanted; every other kind changes nothing."""


def _firewall(params: Mapping[str, Any] | None) -> WantedFirewall | None:
    if params is None:
        return None
    rules = tuple(
        Rule(
            str(rule["protocol"]).lower(), rule.get("port"), rule.get("source") or None,
            str(rule.get("comment", "")),
        )
        for rule in params.get("rules", ())
    )  # fmt: skip
    enabled = bool(params.get("enabled", True))
    return WantedFirewall(enabled, rules, tuple(params.get("addresses", ())), dict(params))


def _copy(before: Wanted) -> dict[str, Any]:
    return {k: dict(v) if isinstance(v, Mapping) else v for k, v in before.items()}
