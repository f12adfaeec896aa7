"""Ports, VLANs and spanning tree, of what ``examine.sh`` said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.linux.state import NOBODY, Port, State, ovs_rows, records
from provisioner.drivers.network import PortHealth

_ALL = frozenset(range(1, 4095))
_UP = 0x1
COLUMNS = (
    "flags", "carrier", "speed", "duplex", "changes", "in_bytes", "out_bytes", "in_errors",
    "out_errors", "late", "drops",
)  # fmt: skip
Tree = Literal["forwarding", "blocking", "learning"]
_TREE: Mapping[str, Tree] = {
    "forwarding": "forwarding", "blocking": "blocking", "discarding": "blocking",
    "listening": "learning", "learning": "learning",
}  # fmt: skip


def ports(answer: Answer, topics: Collection[str]) -> dict[str, PortHealth]:
    """By name, but for the loopback; what was not asked for is left out of each."""
    found = _counted(answer, rates="ports" in topics)
    links = {link["ifname"]: link for link in records(answer.blocks.get("links", ""))}
    for name, link in links.items():
        if name in found:
            found[name] = replace(found[name], description=link.get("ifalias", ""))
    state = State.answered(answer)
    for name, port in state.ports.items():
        health = found.get(name, PortHealth(name, up=False))
        text = port.ids.get("description", "") or health.description
        found[name] = replace(health, description=text)
    if "vlans" in topics:
        _vlans(found, state, links)
    if "spanning_tree" in topics:
        _trees(found, answer, links)
    return found


# ---------------------------------------------------------------- counters


def _counted(answer: Answer, *, rates: bool) -> dict[str, PortHealth]:
    readings: dict[str, list[dict[str, str]]] = {}
    for text in answer.values.get("port", ()):
        name, *words = text.split()
        if name != "lo" and len(words) == len(COLUMNS):
            readings.setdefault(name, []).append(dict(zip(COLUMNS, words, strict=True)))
    moments = [float(text) for text in answer.values.get("moment", ()) if text]
    took = moments[-1] - moments[0] if rates and len(moments) > 1 else 0.0
    return {name: health(name, rows, took) for name, rows in readings.items()}


def health(name: str, rows: list[dict[str, str]], took: float) -> PortHealth:
    first, last = rows[0], rows[-1]
    enabled = bool(int(last["flags"], 16) & _UP)
    duplex = last["duplex"]

    def rate(column: str) -> float | None:
        before, after = _count(first[column]), _count(last[column])
        if took <= 0 or len(rows) < 2 or before is None or after is None or after < before:
            return None
        return (after - before) * 8 / took

    speed = _count(last["speed"])
    return PortHealth(
        port=name,
        up=enabled and last["carrier"] == "1",
        enabled=enabled,
        speed_mbps=speed or None,
        duplex="full" if duplex == "full" else "half" if duplex == "half" else None,
        in_errors=_count(last["in_errors"]),
        out_errors=_count(last["out_errors"]),
        collisions=_count(last["late"]),
        drops=_count(last["drops"]),
        changes=_count(last["changes"]),
        in_bps=rate("in_bytes"),
        out_bps=rate("out_bytes"),
    )


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


# ---------------------------------------------------------------- VLANs


def _vlans(
    found: dict[str, PortHealth], state: State, links: Mapping[str, Mapping[str, Any]]
) -> None:
    for name, port in state.ports.items():
        if port.is_trunk:
            untagged, tagged = _trunk(port)
            found[name] = replace(found[name], mode="trunk", untagged=untagged, tagged=tagged)
        else:
            found[name] = replace(
                found[name], mode="access", untagged=port.tag, tagged=frozenset[int]()
            )
    for link in links.values():  # a router's VLANs on a port are interfaces of their own
        kind, parent = link.get("linkinfo", {}), link.get("link", "")
        if kind.get("info_kind") == "vlan" and parent in found and parent not in state.ports:
            under = found[parent]
            carried = (under.tagged or frozenset()) | {int(kind["info_data"]["id"])}
            found[parent] = replace(under, mode="trunk", tagged=carried)


def _trunk(port: Port) -> tuple[int | None, frozenset[int]]:
    """The native VLAN, and those with a tag."""
    tagged = port.trunks
    if port.kind == "ovs":
        tagged = tagged or _ALL
        if port.mode == "native-tagged" and port.tag is not None:
            return None, tagged - {NOBODY} | {port.tag}
    own = frozenset() if port.tag is None else frozenset({port.tag})
    return port.tag, tagged - {NOBODY} - own


# ---------------------------------------------------------------- spanning tree


def _trees(
    found: dict[str, PortHealth], answer: Answer, links: Mapping[str, Mapping[str, Any]]
) -> None:
    with_tree = {text.split()[0] for text in answer.values.get("stp", ()) if text[-2:] != " 0"}
    for record in records(answer.blocks.get("tree", "")):
        name, state = record["ifname"], record.get("state", "")
        health = found.get(name)
        if health is None:
            continue
        if record.get("guard") and state == "disabled" and health.up:
            found[name] = replace(health, disabled_by_fault="bpduguard")
        elif links.get(name, {}).get("master") in with_tree and health.up:
            found[name] = replace(health, tree=_TREE.get(state))
    for name, state in _ovs_trees(answer).items():
        if name in found and found[name].up:
            found[name] = replace(found[name], tree=_TREE.get(state.lower()))


def _ovs_trees(answer: Answer) -> dict[str, str]:
    lines = answer.blocks.get("ovs-trees", "").splitlines()
    if len(lines) != 2:
        return {}
    rows, bridges = map(ovs_rows, lines)
    plain = any(row["stp_enable"] is True for row in bridges)
    rapid = any(row["rstp_enable"] is True for row in bridges)
    found = {}
    for row in rows:
        told = dict(row["rstp_status"] if rapid else row["status"] if plain else ())
        if state := told.get("rstp_port_state") or told.get("stp_state"):
            found[row["name"]] = state
    return found
