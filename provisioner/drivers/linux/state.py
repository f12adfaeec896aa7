"""What a Linux host has, as data: ports of its switch, and the files that say what it does."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from provisioner.drivers.linux.scripting import Answer

UP = "/etc/provisioner/up.d/"
NFT = "/etc/nftables.d/"
DNSMASQ = "/etc/dnsmasq.d/"
HOSTAPD = "/etc/hostapd/"
VLANS = "/etc/provisioner/vlans/"
MASK = "***"
NOBODY = 4095
"""No VLAN: what stands in the list of an Open vSwitch trunk without any; empty it carries all."""

_SECRET = re.compile(
    r"^(?P<name>[ \t]*#?[ \t]*[\w.-]*(?:pass(?:word|wd|phrase)?|psk|secret|key|token|community)\w*"
    r"[ \t]*[=:][ \t]*).*$",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK = re.compile(r"^==> (.+) <==$")
_OURS_TO_SHOW = ("wpa_key_mgmt=",)


@dataclass(frozen=True)
class Port:
    """A port of a switch inside the host."""

    bridge: str
    name: str
    kind: Literal["ovs", "linux"]
    tag: int | None = None
    """Where frames without a tag belong."""
    trunks: frozenset[int] = frozenset()
    """VLANs that it carries tagged; of an Open vSwitch trunk empty means all."""
    mode: str = ""
    """Open vSwitch's vlan_mode."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """Open vSwitch's external_ids."""
    inner: bool = False
    """Whether Open vSwitch itself made it (type internal)."""

    @property
    def is_trunk(self) -> bool:
        if self.kind == "ovs":
            return self.tag is None or self.mode not in ("", "access")
        return bool(self.trunks)

    def carries(self, vlan: int) -> bool:
        """Whether frames of that VLAN pass it tagged."""
        if self.kind == "ovs":
            return self.is_trunk and (not self.trunks or vlan in self.trunks)
        return vlan in self.trunks

    def line(self) -> str:
        values: dict[str, str] = {}
        if self.tag is not None:
            values["tag"] = str(self.tag)
        if self.trunks:
            values["trunks"] = ",".join(map(str, sorted(self.trunks)))
        if self.mode:
            values["vlan_mode"] = self.mode
        if self.inner:
            values["type"] = "internal"
        values |= {f"external-ids:{key}": self.ids[key] for key in sorted(self.ids)}
        words = [self.kind, self.bridge, self.name, *(f"{k}={v}" for k, v in values.items())]
        return shlex.join(words)

    @classmethod
    def of_line(cls, line: str) -> Port:
        kind, bridge, name, *rest = shlex.split(line)
        values = dict(word.split("=", 1) for word in rest)
        trunks = frozenset(map(int, filter(None, values.get("trunks", "").split(","))))
        prefix = "external-ids:"
        return cls(
            bridge=bridge,
            name=name,
            kind="ovs" if kind == "ovs" else "linux",
            tag=int(values["tag"]) if "tag" in values else None,
            trunks=trunks,
            mode=values.get("vlan_mode", ""),
            ids={k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)},
            inner="type" in values,
        )


@dataclass(frozen=True)
class State:
    """Ports by name, files by path, and what people have written on ports (``notes``)."""

    hostname: str
    ports: Mapping[str, Port]
    files: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def answered(cls, answer: Answer) -> State:
        """As the host told it; secrets are in the files."""
        links = records(answer.blocks.get("links", ""))
        return cls(
            hostname=answer.one("hostname"),
            ports={port.name: port for port in [*_bridged(answer, links), *_ovs(answer)]},
            files={path: text for path, text in answer.blocks.items() if path.startswith("/")},
            notes={link["ifname"]: link["ifalias"] for link in links if link.get("ifalias")},
        )

    @classmethod
    def parsed(cls, text: str) -> State:
        """Of its configuration as text."""
        files: dict[str, str] = {}
        name = ""
        for line in text.splitlines():
            if match := _BLOCK.match(line):
                name = match[1]
                files[name] = ""
            elif name:
                files[name] += f"{line}\n"
        ports = [Port.of_line(line) for line in files.pop("switch ports", "").splitlines()]
        notes = (shlex.split(line) for line in files.pop("notes", "").splitlines())
        hostname = files.pop("hostname", "").strip()
        return cls(hostname, {port.name: port for port in ports}, files, dict(notes))

    def text(self) -> str:
        """The whole configuration, secrets masked."""
        blocks = {
            "hostname": f"{self.hostname}\n",
            "switch ports": "".join(f"{self.ports[n].line()}\n" for n in sorted(self.ports)),
            "notes": "".join(f"{shlex.join([n, self.notes[n]])}\n" for n in sorted(self.notes)),
            **{path: masked(self.files[path]) for path in sorted(self.files)},
        }
        return "".join(f"==> {name} <==\n{text}" for name, text in blocks.items() if text)

    @property
    def listens_by_name(self) -> bool:
        """Whether its dnsmasq has to be told on which interfaces to listen.

        So where the office's own files name some, for then all others are left out; and where
        there is nothing of the office's, for then it would listen on all of them.
        """
        others = [
            line
            for path, text in self.files.items()
            if path == "/etc/dnsmasq.conf" or path.startswith(DNSMASQ)
            if not path.startswith(f"{DNSMASQ}PROV-")
            for line in text.splitlines()
            if line.strip() and not line.lstrip().startswith("#")
        ]
        return not others or any(line.startswith(("interface=", "listen-a")) for line in others)


def masked(text: str) -> str:
    """Without what stands where a program keeps a secret."""

    def hidden(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith(_OURS_TO_SHOW) else f"{match['name']}{MASK}"

    text = _SECRET.sub(hidden, text)
    return "".join(f" {line}" if _BLOCK.match(line) else line for line in text.splitlines(True))


def records(text: str) -> list[dict[str, Any]]:
    """The objects of a list as ``ip -j`` writes it; none where it wrote something else.

    Before iproute2 5.0 ``bridge -j vlan`` wrote one object, the ports its keys.
    """
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    if isinstance(found, dict) and all(isinstance(each, list) for each in found.values()):
        found = [{"ifname": name, "vlans": vlans} for name, vlans in found.items()]
    return [each for each in found if isinstance(each, dict) and each]


def _bridged(answer: Answer, links: Sequence[Mapping[str, Any]]) -> list[Port]:
    aware = {
        link["ifname"]
        for link in links
        if link.get("linkinfo", {}).get("info_data", {}).get("vlan_filtering") == 1
    }
    masters = {link["ifname"]: link.get("master", "") for link in links}
    found = []
    for record in records(answer.blocks.get("vlans", "")):
        name = record["ifname"]
        bridge = name if name in aware else masters.get(name, "")
        if bridge not in aware:
            continue
        tag, trunks = None, set()
        for each in record.get("vlans", ()):
            flags = each.get("flags", ())
            if "PVID" in flags:
                tag = each["vlan"]
            if "Egress Untagged" not in flags:
                trunks |= set(range(each["vlan"], each.get("vlanEnd", each["vlan"]) + 1))
        found.append(Port(bridge, name, "linux", tag, frozenset(trunks)))
    return found


def _ovs(answer: Answer) -> list[Port]:
    lines = answer.blocks.get("ovs", "").splitlines()
    if len(lines) != 3:
        return []
    ports, interfaces, bridges = (ovs_rows(line) for line in lines)
    kinds = {row["name"]: row["type"] for row in interfaces}
    of = {uuid: row["name"] for row in bridges for uuid in _set(row["ports"])}
    return [
        Port(
            bridge=of.get(row["_uuid"], ""),
            name=row["name"],
            kind="ovs",
            tag=next(iter(_set(row["tag"])), None),
            trunks=frozenset(_set(row["trunks"])),
            mode=next(iter(_set(row["vlan_mode"])), ""),
            ids=dict(row["external_ids"]),
            inner=kinds.get(row["name"]) == "internal",
        )
        for row in ports
    ]


def ovs_rows(line: str) -> list[dict[str, Any]]:
    """The rows of one table as ``ovs-vsctl -f json`` writes it; a UUID is its text."""
    table = json.loads(line)
    return [dict(zip(table["headings"], map(_plain, row), strict=True)) for row in table["data"]]


def _plain(value: Any) -> Any:
    """``["set", […]]`` as a list, ``["map", […]]`` as pairs, ``["uuid", …]`` as a text."""
    if not isinstance(value, list):
        return value
    kind, content = value
    return [_plain(each) for each in content] if kind == "set" else content


def _set(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
