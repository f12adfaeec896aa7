"""Where a VM's options differ from the expected ones, each option read by its own rules; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from provisioner.drivers.hypervisor import Machine
from provisioner.plans.model import RiskLevel
from provisioner.services.cloud_vps.drift_wanted import Expected, bare_key
from provisioner.texts import Message, Phrase, say

_DEFAULTS = {
    "cores": "1", "sockets": "1", "onboot": "0", "protection": "0", "ciupgrade": "1",
}  # fmt: skip
"""What PVE takes where an option is not set (qm.conf(5))."""
_CLOUD_INIT = frozenset({"ipconfig0", "ciuser", "sshkeys", "nameserver", "searchdomain"})
_BOUND = frozenset({"net0", "ipconfig0", "ciuser", "tags", "protection"})
"""Options that our books or another request's claims depend on: they are never adopted."""
_HIGH = frozenset({"net0", "ipconfig0", "ciuser", "sshkeys"})
_LOW = frozenset({"tags", "onboot", "ciupgrade", "nameserver", "searchdomain", "balloon"})
_RECORD = frozenset({"description", "name", "sshkeys"})
"""Looked at elsewhere: notes by the mark, the name by the record, keys one by one."""


@dataclass(frozen=True)
class OptionDifference:
    """One option that is not as expected."""

    key: str
    what: Phrase
    expected: Phrase
    found: Phrase
    seen: str
    severity: RiskLevel
    adoptable: bool = False
    restorable: bool = True
    restore: Mapping[str, str] = field(default_factory=dict)
    delete: tuple[str, ...] = ()
    adopt: Mapping[str, str | None] = field(default_factory=dict)
    caution: Message | None = None


def option_differences(
    expected: Expected, machine: Machine, pending: frozenset[str] = frozenset()
) -> Iterator[OptionDifference]:
    """Options that our plans wrote and that read back differently, and cards nobody planned.

    ``pending``: what changes at the next start (19). One that is not yet as expected is on its way
    there; one that is so already will not be for long.
    """
    for key, wanted in sorted(expected.options.items()):
        if key in _RECORD:
            continue
        has = _found(key, machine)
        if same_option(key, wanted, has):
            if key in pending and wanted is not None:
                yield _about_to_change(key, wanted)
        elif key not in pending:
            yield _difference(key, wanted, has)
    yield from _keys(expected, machine)
    for key in sorted(machine.options):
        if re.fullmatch(r"net\d+", key) and key not in expected.options and expected.options:
            yield OptionDifference(
                key, _name(key), say("none"), machine.options[key], machine.options[key], "high",
                delete=(key,),
            )  # fmt: skip


def same_option(key: str, wanted: str | None, has: str | None) -> bool:
    """Whether an option reads back as written, however PVE writes it.

    ``net0`` gets a MAC address from the cluster; further tags are people's own affair.
    """
    if wanted is None:
        return has is None
    has = _DEFAULTS.get(key) if has is None else has
    if has is None:
        return wanted == ""
    if key == "tags":
        return _words(wanted.lower()) <= _words(has.lower())
    return _READ.get(key, str.strip)(wanted) == _READ.get(key, str.strip)(has)


def network_card(option: str) -> dict[str, str]:
    """The parts of a net option without its MAC: ``virtio=BC:…,bridge=vmbr0`` and such."""
    found: dict[str, str] = {}
    for position, part in enumerate(filter(None, map(str.strip, option.split(",")))):
        key, equals, value = part.partition("=")
        if key == "model":
            found["model"] = value
        elif position == 0 and "model" not in found and (not equals or ":" in value):
            found["model"] = key
        elif key != "macaddr":
            found[key] = value
    return {k: v for k, v in found.items() if (k, v) not in _OFF}


_OFF = frozenset({("firewall", "0"), ("link_down", "0")})


def with_mac_of(wanted: str, has: str | None) -> str:
    """The wanted card with the MAC that the VM has, so that the network knows it again."""
    mac = re.search(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", has or "")
    model, *rest = wanted.split(",")
    if mac is None or "=" in model:
        return wanted
    return ",".join([f"{model}={mac[0]}", *rest])


def _difference(key: str, wanted: str | None, has: str | None) -> OptionDifference:
    write = with_mac_of(wanted, has) if key == "net0" and wanted else wanted
    if key == "tags" and wanted:
        write = ";".join(sorted(_words(wanted) | _words(has or "")))
    return OptionDifference(
        key=key,
        what=_name(key),
        expected=say("none") if wanted is None else wanted,
        found=say("not set") if has is None else has,
        seen="-" if has is None else has,
        severity=_severity(key),
        adoptable=key not in _BOUND,
        restore={} if write is None else {key: write},
        delete=(key,) if write is None else (),
        adopt={key: has},
        caution=_caution(key),
    )


def _about_to_change(key: str, wanted: str) -> OptionDifference:
    return OptionDifference(
        key, _name(key), wanted, say("another value from the next start on"), "pending",
        _severity(key), restore={key: wanted},
    )  # fmt: skip


def _severity(key: str) -> RiskLevel:
    return "high" if key in _HIGH else "low" if key in _LOW else "medium"


def _keys(expected: Expected, machine: Machine) -> Iterator[OptionDifference]:
    if not expected.keys:
        return
    has = {bare_key(line) for line in machine.options.get("sshkeys", "").splitlines()} - {""}
    missing = expected.keys - has
    foreign = has - expected.keys - expected.later_keys
    if not missing and not foreign:
        return
    keep = sorted(expected.keys | (has & expected.later_keys))
    yield OptionDifference(
        "sshkeys", _name("sshkeys"),
        say("%(count)s keys, as approved", count=len(expected.keys)),
        say(
            "%(missing)s of them missing, %(foreign)s that nobody approved",
            missing=len(missing), foreign=len(foreign),
        ),
        " ".join(sorted(key[-16:] for key in has)) or "-", "high",
        restore={"sshkeys": "\n".join(keep)}, caution=_caution("sshkeys"),
    )  # fmt: skip


def _caution(key: str) -> Message | None:
    """cloud-init takes the VM for a new one when these change (pitfall 23)."""
    if key not in _CLOUD_INIT:
        return None
    return say(
        "It takes effect at the next start, when cloud-init sets up the machine again: new host "
        "keys, and people's SSH programs will warn."
    )


def _found(key: str, machine: Machine) -> str | None:
    return str(machine.memory_mb) if key == "memory" else machine.options.get(key)


def _words(text: str) -> set[str]:
    return set(re.split(r"[;,\s]+", text)) - {""}


def _pairs(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _list(text: str) -> tuple[str, ...]:
    return tuple(re.split(r"[;,\s]+", text.strip()))


def _card(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(network_card(text).items())


_READ: Mapping[str, Callable[[str], object]] = {
    "net0": _card,
    "ipconfig0": _pairs,
    "nameserver": _list,
    "searchdomain": _list,
    "agent": _pairs,
}


def _name(key: str) -> Phrase:
    names = {
        "cores": say("CPU cores"),
        "sockets": say("CPU sockets"),
        "memory": say("memory in MB"),
        "balloon": say("least memory in MB"),
        "net0": say("network card"),
        "ipconfig0": say("address"),
        "ciuser": say("user"),
        "sshkeys": say("SSH keys"),
        "nameserver": say("name servers"),
        "searchdomain": say("search domain"),
        "onboot": say("start with the node"),
        "protection": say("protection against removal"),
        "tags": say("tags"),
        "ciupgrade": say("updates at the first start"),
    }
    if key in names:
        return names[key]
    return say("network card %(key)s", key=key) if key.startswith("net") else key
