"""The lines that a change is made of, as a person would type them; and which of them hold already.

Three kinds: ``ovs-vsctl …`` (one transaction together), ``printf … >PATH`` and ``rm -f PATH``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from provisioner.drivers.linux.state import NOBODY, State

_OVS, _PRINT, _REMOVE = "ovs-vsctl ", "printf '%s\\n' ", "rm -f "


def written(path: str, text: str) -> str:
    """The line that makes the file."""
    return f"{_PRINT}{shlex.join(text.splitlines())} >{path}"


def removed(path: str) -> str:
    return f"{_REMOVE}{path}"


def switched(*words: str) -> str:
    """A line for Open vSwitch; values of external_ids are given as ``external-ids:key=value``."""
    return _OVS + shlex.join(_typed(word) for word in words)


def _typed(word: str) -> str:
    """Open vSwitch takes a value apart unless it stands in quotes of its own."""
    head, equals, value = word.partition("=")
    if not equals or not head.startswith("external-ids:"):
        return word
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{head}="{escaped}"'


def _said(word: str) -> str:
    head, _, value = word.partition("=")
    if head.startswith("external-ids:") and value.startswith('"'):
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return f"{head}={value}"
    return word


def file_of(line: str) -> tuple[str, str | None] | None:
    """Path and content of the file that a line makes or (None) removes; None for other lines."""
    if line.startswith(_REMOVE):
        return line.removeprefix(_REMOVE), None
    if line.startswith(_PRINT):
        words = shlex.split(line)
        return words[-1].removeprefix(">"), "".join(f"{word}\n" for word in words[2:-1])
    return None


def files(lines: Iterable[str]) -> dict[str, str | None]:
    """What each file becomes."""
    return dict(found for line in lines if (found := file_of(line)) is not None)


def transaction(lines: Iterable[str]) -> list[str]:
    """The lines for Open vSwitch, without their first word."""
    return [line.removeprefix(_OVS) for line in lines if line.startswith(_OVS)]


def remaining(lines: Sequence[str], state: State) -> tuple[str, ...]:
    """Which of our lines would still change something on that host.

    A trunk that would be left with an empty list, because others took theirs off it since, is left
    with none and not with all.
    """
    left: list[str] = []
    trunks: dict[str, set[int]] = {}
    for line in lines:
        if _holds(line, state):
            continue
        left.append(line)
        words = shlex.split(line)
        if words[1] in ("add", "remove") and words[4] == "trunks":
            now = trunks.setdefault(words[3], set(state.ports[words[3]].trunks))
            change = now.add if words[1] == "add" else now.discard
            change(int(words[5]))
    empty = [name for name, now in trunks.items() if not now]
    return (*(switched("add", "Port", name, "trunks", str(NOBODY)) for name in empty), *left)


def _holds(line: str, state: State) -> bool:
    if (file := file_of(line)) is not None:
        return state.files.get(file[0]) == file[1]
    return _switch_holds(list(map(_said, shlex.split(line)))[1:], state)


def _switch_holds(words: Sequence[str], state: State) -> bool:
    if words[1] == "add-port":
        return words[3] in state.ports
    if words[1] == "del-port":
        return words[3] not in state.ports
    verb, _, name, *rest = words
    port = state.ports.get(name)
    if port is None:
        return True  # it went, and with it what was to be set there
    if rest[0] == "trunks" and verb in ("add", "remove"):
        listed = int(rest[1]) in port.trunks
        return (listed or not port.trunks) if verb == "add" else not listed
    now: Mapping[str, str] = {
        "tag": "" if port.tag is None else str(port.tag),
        "vlan_mode": port.mode,
        "trunks": ",".join(map(str, sorted(port.trunks))),
        **{f"external-ids:{key}": value for key, value in port.ids.items()},
    }
    if verb == "clear":
        return not now.get(rest[0])
    if verb == "remove":  # external_ids and a key
        return f"external-ids:{rest[1]}" not in now
    return all(now.get(key, "") == value for key, _, value in (w.partition("=") for w in rest))
