"""A wireless network as parts of hostapd's files: pure.

Each radio has a file of the office (``/etc/hostapd/*.conf`` with ``interface=``); what is ours on
it is a piece of its own, which the host joins to that file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.drivers.linux import parts
from provisioner.drivers.linux.parts import Inner, Parts
from provisioner.drivers.linux.state import HOSTAPD, MASK, UP, State
from provisioner.drivers.linux.vlan_port import vlan_port
from provisioner.drivers.network import Ssid

_OPTION = re.compile(r"^([a-z0-9_]+)=(.*)$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")
_KEY = re.compile(r"^(wpa_passphrase|sae_password)=.*$", re.MULTILINE)
_OURS = re.compile(r"^# PROV-\S+ begin$.*?^# PROV-\S+ end$\n?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Radio:
    """One radio of the host."""

    name: str
    band: str

    def serves(self, band: str) -> bool:
        return band in ("both", self.band)


def radios(state: State) -> list[Radio]:
    """The radios that the office has set up."""
    found = []
    for path, text in sorted(state.files.items()):
        if path.startswith(HOSTAPD) and path.endswith(".conf"):
            options = dict(_OPTION.findall(_OURS.sub("", text)))
            if (name := options.get("interface")) and _NAME.fullmatch(name):
                found.append(Radio(name, "5" if options.get("hw_mode") == "a" else "2.4"))
    return found


def ssid_parts(ssid: Ssid, state: State, *, adds: bool | None = None) -> Parts:
    """Everything that makes the network on that host, its passphrase left empty."""
    name = parts.owner(ssid.mark, "ssid")
    served = [radio for radio in radios(state) if radio.serves(ssid.band)]
    wired = state.ports.get(ssid.uplink)
    stations = {radio.name: f"{radio.name[:10]}p{ssid.vlan}" for radio in served}
    if wired and wired.kind == "ovs":
        bridge = ""
        added = not wired.carries(ssid.vlan) if adds is None else adds
        trunk = (ssid.uplink, ssid.vlan) if added else None
        ports = {s: Inner(wired.bridge, ssid.vlan, name, False) for s in stations.values()}
        up, down = [], []
    else:
        bridge = f"brp{ssid.vlan}"
        port = vlan_port(state, ssid.vlan, ssid.uplink, name, adds=adds)
        trunk, ports, added = None, {}, port.adds
        up = [
            *port.up,
            f"ip link show dev {bridge} || ip link add name {bridge} type bridge",
            f"ip link set dev {port.name} master {bridge}",
            f"ip link set dev {bridge} up",
        ]
        down = [f"ip link del dev {bridge}", *port.down]
    check = [f"[ -e /sys/class/net/{bridge} ]"] if bridge else []
    files = {f"{UP}{name}.sh": parts.script(parts.note(ssid, adds=added), up, down, check)}
    for radio in served:
        station = stations[radio.name]
        files[f"{HOSTAPD}{name}.{radio.name}.bss"] = _stanza(ssid, name, station, bridge)
    return Parts(files, ports, trunk)


def _stanza(ssid: Ssid, name: str, station: str, bridge: str) -> str:
    options = {
        "bss": station,
        **({"bridge": bridge} if bridge else {}),
        "ssid2": ssid.ssid.encode().hex(),
        "utf8_ssid": "1",
        "ap_isolate": "1" if ssid.isolate else "0",
        "auth_algs": "1",
    }
    if ssid.security == "wpa2-personal":
        options |= {
            "wpa": "2", "wpa_key_mgmt": "WPA-PSK", "rsn_pairwise": "CCMP", "ieee80211w": "1",
            "wpa_passphrase": "",
        }  # fmt: skip
    elif ssid.security == "wpa3-personal":
        options |= {
            "wpa": "2", "wpa_key_mgmt": "SAE", "rsn_pairwise": "CCMP", "ieee80211w": "2",
            "sae_password": "",
        }  # fmt: skip
    return "\n".join(
        [f"# {name} begin", *(f"{k}={v}" for k, v in options.items()), f"# {name} end", ""]
    )


def keyed(text: str) -> str | None:
    """The passphrase in a piece of ours; None where there is none."""
    match = _KEY.search(text)
    return match[0].partition("=")[2] if match else None


def with_key(text: str, key: str) -> str:
    """A piece with its passphrase in its place."""
    return _KEY.sub(lambda match: f"{match[1]}={key}", text)


def wants_key(text: str) -> bool:
    return keyed(text) in ("", MASK)


def needs(files: Mapping[str, str | None]) -> dict[str, str]:
    """By path: the mark whose passphrase a piece needs."""
    found = {}
    for path, text in files.items():
        if text is not None and path.endswith(".bss") and wants_key(text):
            found[path] = path.removeprefix(f"{HOSTAPD}PROV-").partition(".ssid.")[0]
    return found
