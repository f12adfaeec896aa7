"""VLANs, trunks, access ports and notes on ports of a bridge that tells VLANs apart (DSA): pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioner.drivers.network import AccessPort, Description, Intent, TrunkMember, Vlan
from provisioner.drivers.openwrt.names import PORT, unsayable
from provisioner.drivers.openwrt.sections import Change, Section, member, swapped
from provisioner.texts import Message, say

Wired = Vlan | TrunkMember | AccessPort | Description
_NAME = re.compile(r"[A-Za-z0-9_.:/+@=,-]{1,32}")
_TEXT = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_TEXT_LENGTH = 200
_NOTE = "prov_port"
"""Our own kind of section: netifd has no descriptions of ports and passes over it."""


def bridge_of(found: Sequence[Section], port: str) -> str:
    """The bridge that the port belongs to, '' where it is in none."""
    bridges = (s for s in found if s.kind == "device" and s.text("type") == "bridge")
    return next((each.text("name") for each in bridges if port in each.words("ports")), "")


def aware(found: Sequence[Section]) -> list[str]:
    """The bridges that tell VLANs apart, in order."""
    names = [section.text("device") for section in found if section.kind == "bridge-vlan"]
    return [name for name in dict.fromkeys(names) if name]


def bridge_vlan(found: Sequence[Section], bridge: str, vlan: int) -> Section | None:
    """The VLAN's section of that bridge."""
    vlans = (s for s in found if s.kind == "bridge-vlan" and s.text("vlan") == str(vlan))
    return next((each for each in vlans if each.text("device") == bridge), None)


def tagged(section: Section, port: str) -> bool:
    """Whether the VLAN leaves by the port with its tag."""
    return any(name == port and "t" in flags for name, flags in _ports(section))


def untagged(found: Sequence[Section], port: str) -> list[Section]:
    """The VLANs that leave by the port without a tag."""
    return [
        section
        for section in found
        if section.kind == "bridge-vlan"
        and any(name == port and "t" not in flags for name, flags in _ports(section))
    ]


def _ports(section: Section) -> list[tuple[str, str]]:
    split = [item.partition(":") for item in section.words("ports")]
    return [(name, flags) for name, _, flags in split]


def carrier(found: Sequence[Section], name: str, port: str, vlan: int) -> tuple[list[Section], str]:
    """What makes a VLAN of a port a device of its own, its sections called ``name``; that device.

    Nothing to be made where the bridge carries the VLAN already.
    """
    bridge = bridge_of(found, port)
    if bridge not in aware(found):
        device = f"{port}.{vlan}"
        options = {"type": "8021q", "ifname": port, "vid": str(vlan), "name": device}
        return [Section("network", "device", name, {**options})], device
    if bridge_vlan([each for each in found if each.name != name], bridge, vlan):
        return [], f"{bridge}.{vlan}"
    options = {"device": bridge, "vlan": str(vlan)}
    return (
        [Section("network", "bridge-vlan", name, {**options, "ports": (f"{port}:t",)})],
        f"{bridge}.{vlan}",
    )


# ---------------------------------------------------------------------- reading


def state(found: Sequence[Section], wanted: Wired) -> Intent | None:
    """What stands on the device for ``wanted``."""
    match wanted:
        case Vlan():
            section = _anywhere(found, wanted.id)
            return None if section is None else Vlan(wanted.id, section.text("name"))
        case TrunkMember():
            vlan = bridge_vlan(found, bridge_of(found, wanted.port), wanted.vlan)
            return wanted if vlan is not None and tagged(vlan, wanted.port) else None
        case AccessPort():
            return _access(found, wanted.port)
        case Description():
            note = _note(found, wanted.port)
            return None if note is None else Description(wanted.port, note.text("description"))


def _access(found: Sequence[Section], port: str) -> AccessPort | None:
    """A port in the factory's VLAN that nobody described counts as not set up, as on a switch."""
    vlans = [each.text("vlan") for each in untagged(found, port)]
    note = _note(found, port)
    if note is None and vlans in ([], ["1"]):
        return None
    vlan = int(vlans[0]) if len(vlans) == 1 and vlans[0].isdecimal() else 0
    return AccessPort(port, vlan, note.text("description") if note else "")


def _anywhere(found: Sequence[Section], vlan: int) -> Section | None:
    return next(filter(None, (bridge_vlan(found, name, vlan) for name in aware(found))), None)


def _note(found: Sequence[Section], port: str) -> Section | None:
    return next((s for s in found if s.kind == _NOTE and s.text("port") == port), None)


def _note_name(port: str) -> str:
    return f"prov_port_{port.replace('-', '_')}"


def problem(
    found: Sequence[Section], ports: frozenset[str], wanted: Wired, all_wanted: Sequence[Intent]
) -> Message | None:
    """Why the object could not be put there."""
    if any(section.kind in ("switch", "switch_vlan") for section in found):
        return say("its switch is of the old kind (swconfig), which this program does not set up")
    if isinstance(wanted, Vlan):
        return _vlan_problem(found, wanted)
    if wanted.port not in ports:
        return say("it has no port %(port)s", port=wanted.port)
    if isinstance(wanted, Description):
        return None
    bridge = bridge_of(found, wanted.port)
    if not bridge:
        return say("%(port)s belongs to no bridge", port=wanted.port)
    if bridge not in aware(found):
        return _unaware(bridge)
    asked = {each.id for each in all_wanted if isinstance(each, Vlan)}
    if wanted.vlan not in asked and bridge_vlan(found, bridge, wanted.vlan) is None:
        return say("there is no VLAN %(vlan)s", vlan=wanted.vlan)
    without_tag = [section.text("vlan") for section in untagged(found, wanted.port)]
    if isinstance(wanted, TrunkMember):
        if str(wanted.vlan) in without_tag:
            return say("%(port)s is not set up as a trunk", port=wanted.port)
        return None
    if wanted.poe is not None:
        return say("this program cannot switch its power over Ethernet")
    if any(section.kind == "bridge-vlan" and tagged(section, wanted.port) for section in found):
        return say("%(port)s is a trunk", port=wanted.port)
    if len(without_tag) > 1:
        return say("%(port)s is in several VLANs without a tag", port=wanted.port)
    return None


def _vlan_problem(found: Sequence[Section], wanted: Vlan) -> Message | None:
    names = aware(found)
    if len(names) != 1:
        return _unaware(", ".join(names)) if not names else say(
            "it has several bridges with VLANs: %(bridges)s", bridges=", ".join(names)
        )  # fmt: skip
    section = bridge_vlan(found, names[0], wanted.id)
    if section is not None and section.text("name") != wanted.name:
        return say("VLAN %(vlan)s is in use there by something else", vlan=wanted.id)
    return None


def _unaware(bridge: str) -> Message:
    return say(
        "bridge %(bridge)s does not tell VLANs apart yet (bridge-vlan)", bridge=bridge or "-"
    )


# ---------------------------------------------------------------------- changing


def check(wanted: Wired) -> None:
    """Raises Refused for what cannot be written there."""
    if isinstance(wanted, Vlan):
        fit = _NAME.fullmatch(wanted.name) is not None and 1 < wanted.id <= 4094
    else:
        text = "" if isinstance(wanted, TrunkMember) else _text(wanted)
        vlan = 2 if isinstance(wanted, Description) else wanted.vlan
        fit = (
            PORT.fullmatch(wanted.port) is not None
            and 1 <= vlan <= 4094
            and _TEXT.fullmatch(text) is not None
            and len(text) <= _TEXT_LENGTH
        )
    if not fit:
        raise unsayable(say("%(object)s cannot be written as asked.", object=wanted.key))


def _text(wanted: AccessPort | Description) -> str:
    return wanted.description if isinstance(wanted, AccessPort) else wanted.text


def changes(found: Sequence[Section], wanted: Wired, present: bool) -> list[Change]:
    """The steps that make the wish true, one after the other."""
    match wanted:
        case Vlan():
            return [_vlan(found, wanted, present)]
        case TrunkMember():
            return _trunk(found, wanted, present)
        case AccessPort():
            return _port(found, wanted, present)
        case Description():
            return [_noted(found, wanted.port, wanted.text if present else "")]


def _vlan(found: Sequence[Section], wanted: Vlan, present: bool) -> Change:
    if why := _vlan_problem(found, wanted):
        raise unsayable(why)
    bridge = aware(found)[0]
    old = bridge_vlan(found, bridge, wanted.id)
    options = {"device": bridge, "vlan": str(wanted.id), "name": wanted.name}
    new = Section("network", "bridge-vlan", f"prov_vlan_{wanted.id}", {**options})
    return swapped(found, [old] if old else [], [new] if present else [])


def _trunk(found: Sequence[Section], wanted: TrunkMember, present: bool) -> list[Change]:
    section = bridge_vlan(found, bridge_of(found, wanted.port), wanted.vlan)
    if section is None:
        return []
    if present:
        return [member(found, section, f"{wanted.port}:t", present=True)]
    return _leaving(found, section, wanted.port)


def _port(found: Sequence[Section], wanted: AccessPort, present: bool) -> list[Change]:
    steps: list[Change] = []
    target = bridge_vlan(found, bridge_of(found, wanted.port), wanted.vlan) if present else None
    for section in untagged(found, wanted.port):
        if section is not target:
            now = steps[-1].after if steps else found
            steps += _leaving(now, section, wanted.port)
    now = steps[-1].after if steps else found
    if target is not None and target not in untagged(found, wanted.port):
        steps.append(member(now, target, f"{wanted.port}:u*", present=True))
        now = steps[-1].after
    text = wanted.description if present else ""
    note = _note(now, wanted.port)
    if (note.text("description") if note else "") != text:
        steps.append(_noted(now, wanted.port, text))
    return steps


def _leaving(found: Sequence[Section], section: Section, port: str) -> list[Change]:
    """However the port is written there."""
    steps: list[Change] = []
    for item in section.words("ports"):
        if item.partition(":")[0] == port:
            now = steps[-1].after if steps else found
            same = bridge_vlan(now, section.text("device"), int(section.text("vlan")))
            if same is not None:
                steps.append(member(now, same, item, present=False))
    return steps


def _noted(found: Sequence[Section], port: str, text: str) -> Change:
    old = _note(found, port)
    new = Section("network", _NOTE, _note_name(port), {"port": port, "description": text})
    return swapped(found, [old] if old else [], [new] if text else [])
