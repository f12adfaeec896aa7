"""What a marked thing (scope, rate limit, network) consists of on a Linux host: files and ports."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from provisioner.drivers.linux import lines
from provisioner.drivers.linux.state import DNSMASQ, HOSTAPD, NFT, NOBODY, UP, State, masked
from provisioner.drivers.network import Intent, Wish

OWNER = "provisioner"
"""The key in external_ids under which a port says whose it is."""
_NOTE = re.compile(r"^# (\{.*\})$", re.MULTILINE)


@dataclass(frozen=True)
class Inner:
    """A port that Open vSwitch makes or takes for us, in one VLAN."""

    bridge: str
    vlan: int
    owner: str
    internal: bool = True


@dataclass(frozen=True)
class Parts:
    """Files by path, ports of Open vSwitch by name."""

    files: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, Inner] = field(default_factory=dict)
    trunk: tuple[str, int] | None = None
    """A trunk of Open vSwitch and the VLAN that it has to carry because of this thing alone."""

    def same(self, other: Parts) -> bool:
        """Whether they say the same but for what is masked."""
        return self.ports == other.ports and {p: masked(t) for p, t in self.files.items()} == {
            p: masked(t) for p, t in other.files.items()
        }


@dataclass(frozen=True)
class Change:
    """Lines, the way back, and the difference."""

    lines: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()


def owner(mark: str, kind: str) -> str:
    """What files and ports of a marked thing are called."""
    return f"PROV-{mark}.{kind}"


def note(intent: Intent, **more: Any) -> str:
    """The intent as a comment in a file of ours, so that it can be read back whole."""
    return "# " + json.dumps({**Wish(intent).to_json(), **more}, sort_keys=True)


def noted(text: str) -> Mapping[str, Any]:
    """What ``note`` wrote; empty where there is none."""
    match = _NOTE.search(text)
    if not match:
        return {}
    try:
        found = json.loads(match[1])
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def standing(state: State, name: str) -> Parts:
    """Everything on the host that belongs to ``name``, half-made rests too."""
    folders = tuple(f"{folder}{name}." for folder in (UP, NFT, DNSMASQ, HOSTAPD))
    ports = {
        port.name: Inner(port.bridge, port.tag or 0, name, port.inner)
        for port in state.ports.values()
        if port.ids.get(OWNER) == name
    }
    return Parts({p: t for p, t in state.files.items() if p.startswith(folders)}, ports)


def script(comment: str, up: Sequence[str], down: Sequence[str], check: Sequence[str]) -> str:
    """A file of ``up.d``: called with up, down or check."""

    def branch(word: str, commands: Sequence[str]) -> Iterator[str]:
        yield f"{word})"
        yield from (f"\t{command}" for command in commands or [":"])
        yield "\t;;"

    body = [*branch("up", up), *branch("down", down), *branch("check", check)]
    return "\n".join(["#!/bin/sh", comment, 'case "$1" in', *body, "esac", ""])


def between(old: Parts, new: Parts, state: State) -> Change:
    """What makes ``new`` out of ``old``; the way back makes ``old`` again."""
    there: list[str] = []
    back: list[str] = []
    if old.trunk != new.trunk:
        for side, present in ((old.trunk, False), (new.trunk, True)):
            if side is not None and state.ports[side[0]].carries(side[1]) is not present:
                forth, again = trunk(state, *side, present=present)
                there += forth
                back += again
    return Change(
        (*there, *_making(old, new)), (*back, *_making(new, old)), tuple(_shown(old, new))
    )


def _making(old: Parts, new: Parts) -> list[str]:
    made: list[str] = []
    for name, port in old.ports.items():
        if new.ports.get(name) != port:
            made.append(lines.switched("--if-exists", "del-port", port.bridge, name))
    made += [_adding(n, port) for n, port in new.ports.items() if old.ports.get(n) != port]
    made += [lines.removed(path) for path in old.files if path not in new.files]
    made += [
        lines.written(path, text)
        for path, text in new.files.items()
        if path not in old.files or masked(old.files[path]) != masked(text)
    ]
    return made


def _adding(name: str, port: Inner) -> str:
    kind = ["--", "set", "Interface", name, "type=internal"] if port.internal else []
    return lines.switched(
        "--may-exist", "add-port", port.bridge, name, f"tag={port.vlan}",
        f"external-ids:{OWNER}={port.owner}", *kind,
    )  # fmt: skip


def trunk(state: State, name: str, vlan: int, *, present: bool) -> tuple[list[str], list[str]]:
    """The lines that let a VLAN on a trunk of Open vSwitch or take it off, and the way back.

    An empty list means all VLANs: so one that carries all is written out first, and one that would
    become empty names a VLAN that does not exist.
    """
    now = state.ports[name].trunks
    if not now and not present:
        rest = ",".join(str(each) for each in range(1, 4095) if each != vlan)
        return (
            [lines.switched("set", "Port", name, f"trunks={rest}")],
            [lines.switched("clear", "Port", name, "trunks")],
        )
    then = (now | {vlan}) - {NOBODY} if present else (now - {vlan}) or {NOBODY}
    return _listing(name, now, then), _listing(name, then, now)


def _listing(name: str, now: Set[int], then: Set[int]) -> list[str]:
    def line(verb: str, vlan: int) -> str:
        return lines.switched(verb, "Port", name, "trunks", str(vlan))

    return [
        *(line("add", vlan) for vlan in sorted(then - now)),
        *(line("remove", vlan) for vlan in sorted(now - then)),
    ]


def _shown(old: Parts, new: Parts) -> Iterator[str]:
    """As a person sees it: ports as lines, files with their path and content."""
    for sign, these, those in (("-", old, new), ("+", new, old)):
        for name, port in these.ports.items():
            if those.ports.get(name) != port:
                yield f"{sign}{_adding(name, port)}"
        if these.trunk and not those.trunk:
            name, vlan = these.trunk
            yield f"{sign}ovs-vsctl add Port {shlex.quote(name)} trunks {vlan}"
        for path, text in these.files.items():
            if path not in those.files or masked(those.files[path]) != masked(text):
                yield f" {path}"
                yield from (f"{sign}{line}" for line in masked(text).splitlines())
