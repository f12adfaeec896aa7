"""A VM's firewall: read as a whole, and changed by the difference only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.drivers.hypervisor import FirewallReading, FirewallRule, SetFirewall
from provisioner.drivers.proxmox.connection import Connection
from provisioner.errors import ActionNeeded
from provisioner.texts import say

_OURS = re.compile(r"provisioner\b")
"""How the comment of a rule of ours begins; all others belong to somebody else."""

_FILTER = "ipfilter-net0"
_DEFAULTS = {"enable": "0", "policy_in": "DROP", "macfilter": "1", "ipfilter": "0"}
_MOST_CHANGES = 200


def read(
    connection: Connection, node: str, vmid: int, on_cluster: Callable[[], bool | None]
) -> FirewallReading:
    """Where the token may not see the cluster's own switch, it is taken to be on."""
    path = _path(node, vmid)
    options = _options(connection, path)
    addresses = _addresses(connection, path)
    rows = connection.rows(*path, "rules")
    return FirewallReading(
        enabled=options["enable"] == "1",
        policy_in=options["policy_in"],
        ip_filter=addresses is not None or options["ipfilter"] == "1",
        rules=tuple(rule for row in rows for rule in _letting_in(row)),
        addresses=frozenset(addresses or ()),
        on_cluster=on_cluster() is not False,
    )


def bring_about(connection: Connection, order: SetFirewall, node: str) -> None:
    """First what lets in, then the switch, and last what is no longer let in."""
    path = _path(node, order.vmid)
    _filter(connection, path, {_plain(address) for address in order.addresses})
    wanted = {_key(rule): rule for rule in order.rules}
    rows = connection.rows(*path, "rules")
    there = {key for row in rows if (key := _our_key(row))}
    for key, rule in wanted.items():
        if key not in there:
            connection.send("POST", *path, "rules", **_rule(rule))
    _switch(connection, path, order)
    if _first_stale(rows, set(wanted)) is None:
        return
    for _ in range(_MOST_CHANGES):
        stale = _first_stale(connection.rows(*path, "rules"), set(wanted))
        if stale is None:
            return
        # Positions move with every change: the digest makes sure that it is this rule.
        guard: dict[str, Any] = {"digest": stale["digest"]} if stale.get("digest") else {}
        connection.send("DELETE", *path, "rules", stale["pos"], **guard)
    raise ActionNeeded(
        say("VM %(vmid)s has very many firewall rules of ours.", vmid=order.vmid),
        meaning=say("Not all that are no longer wanted could be removed at once."),
        next=say("Retry; if it recurs, look at the rules on the cluster."),
    )


def _path(node: str, vmid: int) -> tuple[object, ...]:
    return ("nodes", node, "qemu", vmid, "firewall")


def _options(connection: Connection, path: tuple[object, ...]) -> dict[str, str]:
    found = connection.record(*path, "options")
    return {**_DEFAULTS, **{key: str(value) for key, value in found.items()}}


def _switch(connection: Connection, path: tuple[object, ...], order: SetFirewall) -> None:
    there = connection.record(*path, "options")
    wanted: dict[str, Any] = {"enable": int(order.enabled), "policy_in": "DROP"}
    if str(there.get("macfilter", 1)) != "1":
        wanted["macfilter"] = 1
    if not order.addresses and str(there.get("ipfilter", 0)) != "0":
        wanted["ipfilter"] = 0
    differing = {key: value for key, value in wanted.items() if str(there.get(key)) != str(value)}
    if differing:
        connection.send("PUT", *path, "options", **differing)


def _addresses(connection: Connection, path: tuple[object, ...]) -> set[str] | None:
    """None where net0 has no ip-filter set."""
    sets = connection.rows(*path, "ipset")
    if not any(row.get("name") == _FILTER for row in sets):
        return None
    return {_plain(str(row["cidr"])) for row in connection.rows(*path, "ipset", _FILTER)}


def _filter(connection: Connection, path: tuple[object, ...], wanted: set[str]) -> None:
    there = _addresses(connection, path)
    if there is None and wanted:
        connection.send("POST", *path, "ipset", name=_FILTER)
    for address in sorted(wanted - (there or set())):
        connection.send("POST", *path, "ipset", _FILTER, cidr=address)
    for row in connection.rows(*path, "ipset", _FILTER) if there else ():
        if _plain(str(row["cidr"])) not in wanted:
            connection.send("DELETE", *path, "ipset", _FILTER, row["cidr"])
    if there is not None and not wanted:
        connection.send("DELETE", *path, "ipset", _FILTER)


def _plain(address: str) -> str:
    """One address without the length that says so; networks and names as they are."""
    try:
        network = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return address
    return str(network.network_address if network.num_addresses == 1 else network)


def _rule(rule: FirewallRule) -> dict[str, Any]:
    data: dict[str, Any] = {
        "type": "in",
        "action": "ACCEPT",
        "enable": 1,
        "proto": rule.protocol,
        "comment": rule.comment.strip(),
    }
    if rule.port is not None:
        data["dport"] = str(rule.port)
    if rule.source:
        data["source"] = rule.source
    return data


def _key(rule: FirewallRule) -> tuple[str, str, str, str]:
    port = "" if rule.port is None else str(rule.port)
    return (rule.protocol, port, rule.source or "", rule.comment.strip())


def _our_key(row: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What a rule of ours does, "" where it is not one that we would write; None: not ours."""
    comment = str(row.get("comment") or "").strip()
    if not _OURS.match(comment):
        return None
    if not _lets_in(row) or row.keys() & {"macro", "sport", "dest", "iface", "icmp-type"}:
        return ("",)
    return (*(str(row.get(key) or "") for key in ("proto", "dport", "source")), comment)


def _first_stale(
    rows: list[dict[str, Any]], wanted: set[tuple[str, str, str, str]]
) -> dict[str, Any] | None:
    """The first rule of ours that is not wanted, or is there twice."""
    seen: set[tuple[str, ...]] = set()
    for row in sorted(rows, key=lambda row: int(row["pos"])):
        key = _our_key(row)
        if key is None:
            continue
        if key in seen or key not in wanted:
            return row
        seen.add(key)
    return None


def _lets_in(row: Mapping[str, Any]) -> bool:
    return (
        row.get("type") == "in"
        and row.get("action") == "ACCEPT"
        and str(row.get("enable", 1)) != "0"
    )


def _letting_in(row: Mapping[str, Any]) -> Iterator[FirewallRule]:
    """A rule as one for each port; what is no single port stays in the protocol's words."""
    if not _lets_in(row):
        return
    protocol = str(row.get("proto") or row.get("macro") or "any")
    comment, source = str(row.get("comment") or "").strip(), row.get("source")
    for port in str(row.get("dport") or "").split(","):
        if port.isdigit() or not port:
            yield FirewallRule(protocol, int(port) if port else None, comment, source)
        else:
            yield FirewallRule(f"{protocol} {port}", None, comment, source)
