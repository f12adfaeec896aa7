"""VLANs, trunks, access ports and descriptions: on Open vSwitch, and on a VLAN-aware bridge.

Open vSwitch keeps what it is told. A bridge forgets it at boot, so what is told to a bridge is a
file of ours that says so again, and how to take it back.
"""

from __future__ import annotations

import shlex
from dataclasses import replace

from provisioner.drivers.linux import lines, parts
from provisioner.drivers.linux.parts import Change, Parts
from provisioner.drivers.linux.state import UP, VLANS, Port, State
from provisioner.drivers.network import AccessPort, Description, TrunkMember, Vlan

_DESCRIPTION = "external-ids:description"


def default_name(vlan: int) -> str:
    """The name of a VLAN that is used on a host but has been given none."""
    return f"VLAN{vlan:04d}"


# ---------------------------------------------------------------- found


def vlan(state: State, number: int) -> Vlan | None:
    named = state.files.get(f"{VLANS}{number}")
    if named is not None:
        return Vlan(number, named.strip())
    strangers = (port for port in state.ports.values() if parts.OWNER not in port.ids)
    return Vlan(number, default_name(number)) if number in {p.tag for p in strangers} else None


def member(state: State, wanted: TrunkMember) -> TrunkMember | None:
    port = state.ports.get(wanted.port)
    return wanted if port and port.carries(wanted.vlan) else None


def access(state: State, name: str) -> AccessPort | None:
    port = state.ports.get(name)
    if port is None or port.is_trunk or port.tag is None:
        return None
    text = described(state, name)
    if port.tag == 1 and not text:
        return None
    return AccessPort(name, port.tag, text)


def described(state: State, name: str) -> str:
    """What stands on a port for people."""
    port = state.ports.get(name)
    if port and port.kind == "ovs":
        return port.ids.get("description", "")
    return state.notes.get(name, "")


# ---------------------------------------------------------------- changes


def change_vlan(state: State, wanted: Vlan, present: bool) -> Change:
    path = f"{VLANS}{wanted.id}"
    before = state.files.get(path)
    old, shown = Parts({} if before is None else {path: before}), f"vlan {wanted.id}"
    new = Parts({path: f"{wanted.name}\n"} if present else {})
    made = parts.between(old, new, state)
    diff = [f"-{shown} name {before.strip()}"] if before is not None else []
    diff += [f"+{shown} name {wanted.name}"] if present else []
    return replace(made, diff=tuple(diff))


def change_member(state: State, wanted: TrunkMember, present: bool) -> Change:
    port, number = state.ports[wanted.port], wanted.vlan
    if port.kind == "ovs":
        there, back = parts.trunk(state, port.name, number, present=present)
        verb = f"ovs-vsctl add Port {shlex.quote(port.name)} trunks {number}"
        return Change(tuple(there), tuple(back), (f"{'+' if present else '-'}{verb}",))
    path = f"{UP}PROV-trunk.{port.name}.{number}.sh"
    new = {} if path in state.files else {path: _trunk_file(port, number, present)}
    return _file(state, path, new)


def change_access(state: State, wanted: AccessPort, present: bool) -> Change:
    port = state.ports[wanted.port]
    tag, text = (wanted.vlan, wanted.description) if present else (1, "")
    if port.kind == "ovs":
        return _ovs(port, {"tag": str(tag), _DESCRIPTION: text})
    path = f"{UP}PROV-port.{port.name}.sh"
    was = parts.noted(state.files.get(path, "")).get(
        "was", {"tag": port.tag, "text": described(state, port.name)}
    )
    back = was == {"tag": tag, "text": text}
    return _file(state, path, {} if back else {path: _access_file(port, tag, text, was)})


def change_description(state: State, wanted: Description, present: bool) -> Change:
    text = wanted.text if present else ""
    port = state.ports.get(wanted.port)
    if port and port.kind == "ovs":
        return _ovs(port, {_DESCRIPTION: text})
    path = f"{UP}PROV-note.{wanted.port}.sh"
    was = parts.noted(state.files.get(path, "")).get("was", described(state, wanted.port))
    name = shlex.quote(wanted.port)
    alias = f"ip link set dev {name} alias"
    made = parts.script(
        parts.note(wanted, was=was),
        [f"{alias} {shlex.quote(text)}"],
        [f"{alias} {shlex.quote(was)}"],
        [f'[ "$(cat /sys/class/net/{name}/ifalias)" = {shlex.quote(text)} ]'],
    )
    return _file(state, path, {} if was == text else {path: made})


def _file(state: State, path: str, new: dict[str, str]) -> Change:
    old = {path: state.files[path]} if path in state.files else {}
    return parts.between(Parts(old), Parts(new), state)


def _ovs(port: Port, wanted: dict[str, str]) -> Change:
    now = {
        "tag": "" if port.tag is None else str(port.tag),
        _DESCRIPTION: port.ids.get("description", ""),
    }
    changed = {key: (now[key], value) for key, value in wanted.items() if now[key] != value}
    there = [_setting(port.name, key, after) for key, (_, after) in changed.items()]
    back = [_setting(port.name, key, before) for key, (before, _) in reversed(changed.items())]
    diff = [f" Port {port.name}"]
    for key, (before, after) in changed.items():
        diff += [f"- {key}={before}"] if before else []
        diff += [f"+ {key}={after}"] if after else []
    return Change(tuple(there), tuple(back), tuple(diff))


def _setting(name: str, key: str, value: str) -> str:
    if value:
        return lines.switched("set", "Port", name, f"{key}={value}")
    if key == _DESCRIPTION:
        return lines.switched("remove", "Port", name, "external-ids", "description")
    return lines.switched("clear", "Port", name, key)


def _trunk_file(port: Port, number: int, present: bool) -> str:
    name = shlex.quote(port.name)
    add, remove = (f"bridge vlan {verb} dev {name} vid {number}" for verb in ("add", "del"))
    up, down = (add, remove) if present else (remove, add)
    return parts.script(parts.note(TrunkMember(port.name, number), on=present), [up], [down], [])


def _access_file(port: Port, tag: int, text: str, was: dict[str, object]) -> str:
    name = shlex.quote(port.name)

    def becomes(old: object, new: object, alias: object) -> list[str]:
        moved = [f"bridge vlan del dev {name} vid {old}"] if old not in (None, new) else []
        if new is not None:
            moved.append(f"bridge vlan add dev {name} vid {new} pvid untagged")
        return [*moved, f"ip link set dev {name} alias {shlex.quote(str(alias))}"]

    return parts.script(
        parts.note(AccessPort(port.name, tag, text), was=was),
        becomes(was["tag"], tag, text),
        becomes(tag, was["tag"], was["text"]),
        [],
    )
